import type { LeaveReason, Presence, PresenceRef } from '@rollcall/shared-protocol'
import { parseRecord, presenceOf } from '../record'
import type { RedisReply, RedisScript } from '../redis-port'
import { PROLOGUE } from './topic'

/*
 *   ARGV 8   1 where a history that Redis has lost is to begin anew; who only reads leaves no trace
 *   reply    epoch seq digest, assertions (node, mark, …), records (ref, record, …), latest leaves (ref, reason, …)
 */
export const SNAPSHOT: RedisScript = {
  name: 'snapshot',
  source: `${PROLOGUE}
if ARGV[8] == '1' then finish() end
return { epoch, int(seq), int(digest), redis.call('HGETALL', G), redis.call('HGETALL', P), reasons() }
`,
}

/** How many are in a topic. */
export const COUNT: RedisScript = { name: 'count', source: `return redis.call('HLEN', KEYS[1])` }

/** A topic as Redis has it. */
export interface StoredSnapshot {
  /** `NO_HISTORY` where the topic has none. */
  readonly epoch: string
  readonly seq: number
  readonly digest: number
  readonly presences: readonly Presence[]
  /** Who holds each of them, in the same order. */
  readonly holders: readonly string[]
  /** The nodes that have asserted in this epoch, under all their ids. */
  readonly asserted: ReadonlySet<string>
  /** Why presences left, by ref, of the latest leaves. Empty for a caller that knew no earlier state. */
  readonly reasons: ReadonlyMap<PresenceRef, LeaveReason>
}

export function readSnapshot(reply: RedisReply): StoredSnapshot {
  const [epoch, seq, digest, marks, records, left] = reply as [
    string,
    string,
    string,
    string[],
    string[],
    string[],
  ]
  const presences: Presence[] = []
  const holders: string[] = []
  for (let i = 0; i + 1 < records.length; i += 2) {
    const record = parseRecord(records[i] as string, records[i + 1] as string)
    if (!record) continue
    presences.push(presenceOf(record))
    holders.push(record.node)
  }
  const asserted = new Set<string>()
  for (let i = 0; i + 1 < marks.length; i += 2) {
    const [, markEpoch, former = ''] = (marks[i + 1] as string).split(':')
    if (markEpoch !== epoch) continue
    for (const node of [marks[i] as string, ...former.split(',')]) if (node !== '') asserted.add(node)
  }
  const reasons = new Map<PresenceRef, LeaveReason>()
  for (let i = 0; i + 1 < left.length; i += 2)
    reasons.set(JSON.parse(left[i] as string), left[i + 1] as LeaveReason)
  return { epoch, seq: Number(seq), digest: Number(digest), presences, holders, asserted, reasons }
}

import type { LeaveReason, Presence, PresenceRef } from '@rollcall/shared-protocol'
import { parseRecord, presenceOf } from '../record'
import type { RedisReply, RedisScript } from '../redis-port'
import { PROLOGUE } from './topic'

/*
 *   ARGV 8   1 to begin a new history if Redis has lost the old one; 0 to read without writing
 *   reply    epoch seq digest, assertions (node, mark, …), records (ref, record, …), latest leaves (ref, reason, …)
 */
export const SNAPSHOT: RedisScript = {
  name: 'snapshot',
  source: `${PROLOGUE}
if ARGV[8] == '1' then finish() end
return { epoch, int(seq), int(digest), redis.call('HGETALL', G), redis.call('HGETALL', P), reasons() }
`,
}

/** The number of presences in a topic. */
export const COUNT: RedisScript = { name: 'count', source: `return redis.call('HLEN', KEYS[1])` }

export interface StoredSnapshot {
  /** `NO_HISTORY` if the topic has none. */
  readonly epoch: string
  readonly seq: number
  readonly digest: number
  readonly presences: readonly Presence[]
  /** The node that holds each presence, in the same order. */
  readonly holders: readonly string[]
  /** All ids of the nodes that have asserted in this epoch. */
  readonly asserted: ReadonlySet<string>
  /** Reasons of the latest leaves, by ref. Empty if the caller had no position. */
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

import type { LeaveReason, Presence, PresenceRef } from '@rollcall/shared-protocol'
import { isLeaveReason, parseJsonText } from '../checked-json'
import { parseRecord, presenceOf } from '../record'
import type { RedisReply, RedisScript } from '../redis-port'
import { countIn, listIn, pairsIn, textIn } from '../redis-reply'
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
  const [epochReply, seq, digest, marks, records, left] = listIn(reply, 'a snapshot')
  const epoch = textIn(epochReply, 'an epoch')
  const presences: Presence[] = []
  const holders: string[] = []
  for (const [ref, text] of pairsIn(records, 'the records')) {
    const record = parseRecord(ref, text)
    const presence = record && presenceOf(record)
    if (!presence) continue
    presences.push(presence)
    holders.push(record.node)
  }
  const asserted = new Set<string>()
  for (const [holder, mark] of pairsIn(marks, 'the assertions')) {
    const [, markEpoch, former = ''] = mark.split(':')
    if (markEpoch !== epoch) continue
    for (const node of [holder, ...former.split(',')]) if (node !== '') asserted.add(node)
  }
  const reasons = new Map<PresenceRef, LeaveReason>()
  for (const [text, reason] of pairsIn(left, 'the reasons')) {
    const ref = parseJsonText(text)
    if (ref !== null && isLeaveReason(reason)) reasons.set(ref, reason)
  }
  const at = { epoch, seq: countIn(seq, 'a seq'), digest: countIn(digest, 'a digest') }
  return { ...at, presences, holders, asserted, reasons }
}

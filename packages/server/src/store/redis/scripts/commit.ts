import type { Change } from '../../store'
import { asciiJson, type OwnRecord, ownRecord, recordArgs } from '../record'
import type { RedisReply, RedisScript } from '../redis-port'
import { countIn, listIn, textIn, textsIn } from '../redis-reply'
import { PROLOGUE } from './topic'

/*
 *   ARGV from 8 on, for each change:   p ref rev hash owner key meta   |   d ref reason
 *   reply                              epoch seq digest message, and the refs that another node holds
 *
 * A commit never changes a presence that another node holds, so that a former holder cannot disturb the new one. (S-5)
 */
export const COMMIT: RedisScript = {
  name: 'commit',
  source: `${PROLOGUE}
local refused = refusal()
if refused then return redis.error_reply(refused) end
local held, dropped = {}, {}
local i = 8
while ARGV[i] do
  local ref = ARGV[i + 1]
  local text = redis.call('HGET', P, ref)
  if ARGV[i] == 'd' then
    if text then
      local _, hash, holder, owner, key = parts(text)
      if holder == node then
        drop(ref, hash, owner, key, ARGV[i + 2])
        dropped[ref] = true
      else
        held[#held + 1] = ref
      end
    else
      -- Redis may have lost it together with the history in which others saw it.
      explain(ref, ARGV[i + 2])
    end
    i = i + 3
  else
    if text then
      local rev, hash, holder, _, key = parts(text)
      if holder ~= node then
        held[#held + 1] = ref
      elseif tonumber(ARGV[i + 2]) > rev and ARGV[i + 5] == key then
        put(ref, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], hash)
      end
    elseif not dropped[ref] then
      put(ref, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], nil)
    end
    i = i + 7
  end
end
local message = finish()
return { epoch, int(seq), int(digest), message, held }
`,
}

export interface CommitReply {
  readonly epoch: string
  readonly seq: number
  readonly digest: number
  /** The published diff; empty if the commit had no effect. */
  readonly message: string
  /** Refs (JSON) that another node holds. */
  readonly held: readonly string[]
}

export function readCommitReply(reply: RedisReply): CommitReply {
  const [epoch, seq, digest, message, held] = listIn(reply, 'a position')
  return {
    epoch: textIn(epoch, 'an epoch'),
    seq: countIn(seq, 'a seq'),
    digest: countIn(digest, 'a digest'),
    message: textIn(message, 'a message'),
    held: textsIn(held, 'the refs of other nodes'),
  }
}

/** A change as it is sent to Redis and kept for an assertion. */
export type NetChange =
  | { readonly op: 'put'; readonly record: OwnRecord }
  /** `ref` is JSON. */
  | { readonly op: 'drop'; readonly ref: string; readonly reason: string }

/** One change per presence, in order. A presence that is put and then dropped leaves only the drop. */
export function netChanges(changes: readonly Change[]): NetChange[] {
  const puts = new Map<string, OwnRecord>()
  const drops = new Map<string, NetChange>()
  for (const change of changes) {
    const ref = asciiJson(change.ref)
    if (change.op === 'drop') {
      puts.delete(ref)
      drops.set(ref, { op: 'drop', ref, reason: change.reason })
    } else {
      const earlier = puts.get(ref)
      if (!earlier || change.rev > earlier.rev) puts.set(ref, ownRecord(change))
    }
  }
  // Drops first: an owner that replaces its presence never has two.
  return [...drops.values(), ...[...puts.values()].map((record): NetChange => ({ op: 'put', record }))]
}

export function commitArgs(changes: readonly NetChange[]): string[] {
  return changes.flatMap((change) =>
    change.op === 'drop' ? ['d', change.ref, change.reason] : ['p', ...recordArgs(change.record)],
  )
}

import { type OwnRecord, recordArgs } from '../record'
import type { RedisReply, RedisScript } from '../redis-port'
import { listIn, textIn, textsIn } from '../redis-reply'
import { readSnapshot, type StoredSnapshot } from './snapshot'
import { FENCE_MS, NO_HISTORY, PROLOGUE } from './topic'

/*
 *   ARGV  8 1 if the node may have presences here  9 number of its former ids  10… those ids
 *         then the number of dropped presences, and for each: ref reason
 *         then for each own presence: ref rev hash owner key meta
 *   reply as in snapshot, the refs that another node holds, and the message of the diff, which may be empty
 *
 * A node asserts after it may have missed messages. Afterwards the topic holds exactly the presences that the node sent,
 * all nodes know that it has asserted, and Redis refuses commands under its former ids. The script stores nothing for a
 * topic without a history in which the node never changed anything.
 */
export const ASSERT: RedisScript = {
  name: 'assert',
  source: `${PROLOGUE}
local refused = refusal()
if refused then return redis.error_reply(refused) end
if ARGV[8] == '1' and epoch == '${NO_HISTORY}' then epoch = ARGV[6] end
local isKept = epoch ~= '${NO_HISTORY}'
local mine, former = { [node] = true }, {}
local count = tonumber(ARGV[9])
for i = 10, 9 + count do
  mine[ARGV[i]] = true
  former[#former + 1] = ARGV[i]
  -- What it said under that id and comes late would be nobody's.
  if isKept then redis.call('HSET', X, ARGV[i], '1') end
end
if isKept and count > 0 then redis.call('PEXPIRE', X, ${FENCE_MS}) end
local why = {}
local from = 11 + count
for _ = 1, tonumber(ARGV[10 + count]) do
  why[ARGV[from]] = ARGV[from + 1]
  from = from + 2
end
local own, lost = {}, {}
for i = from, #ARGV, 6 do own[ARGV[i]] = i end

local there = redis.call('HGETALL', P)
for j = 1, #there, 2 do
  local ref = there[j]
  local rev, hash, holder, owner, key, meta = parts(there[j + 1])
  local i = own[ref]
  local reason = why[ref]
  why[ref] = nil
  if not mine[holder] then
    if i then
      lost[#lost + 1] = ref
      own[ref] = nil
    end
  elseif not i then
    drop(ref, hash, owner, key, reason or 'closed')
  elseif tonumber(ARGV[i + 1]) > rev then
    put(ref, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], hash)
    own[ref] = nil
  else
    if holder ~= node then redis.call('HSET', P, ref, record(rev, hash, node, owner, key, meta)) end
    own[ref] = nil
  end
end
for i = from, #ARGV, 6 do
  local ref = ARGV[i]
  if own[ref] then
    -- Its owner is in the topic with another presence by now: it came back elsewhere.
    if redis.call('HEXISTS', O, ARGV[i + 3]) == 1 then
      lost[#lost + 1] = ref
    else
      put(ref, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], nil)
    end
  end
end

-- What it dropped and Redis does not have any more, or never had: others may have seen it.
for ref, reason in pairs(why) do explain(ref, reason) end

local message = finish()
local names = table.concat(former, ',')
if isKept then
  redis.call('HSET', G, node, generation .. ':' .. epoch .. ':' .. names)
  settle()
end
say('{"k":"a","epoch":"' .. epoch .. '","node":"' .. node .. '","former":"' .. names .. '"}')
return { epoch, int(seq), int(digest), redis.call('HGETALL', G), redis.call('HGETALL', P), reasons(), lost, message }
`,
}

export interface AssertReply {
  readonly snapshot: StoredSnapshot
  /** Refs (JSON) that another node holds now. */
  readonly lost: readonly string[]
  /** The published diff; empty if the topic already held exactly these presences. */
  readonly message: string
}

export function readAssertReply(reply: RedisReply): AssertReply {
  const [, , , , , , lost, message] = listIn(reply, 'an assertion')
  return {
    snapshot: readSnapshot(reply),
    lost: textsIn(lost, 'the refs of other nodes'),
    message: textIn(message, 'a message'),
  }
}

/**
 * @param leaving ref (JSON) and reason of dropped presences that Redis may still have
 * @param isStale whether Redis may have applied, or may still apply, a command whose reply was lost
 */
export function assertArgs(
  former: readonly string[],
  leaving: readonly (readonly [ref: string, reason: string])[],
  own: Iterable<OwnRecord>,
  isStale = false,
): string[] {
  const dropped = [String(leaving.length), ...leaving.flat()]
  const held = [...own].flatMap(recordArgs)
  const mayHold = isStale || leaving.length > 0 || held.length > 0
  return [mayHold ? '1' : '0', String(former.length), ...former, ...dropped, ...held]
}

import type { RedisScript } from '../redis-port'
import { FENCE_MS, PROLOGUE } from './topic'

/*
 *   ARGV 8   owner
 *   reply    ref, record; nothing if the owner has no presence
 */
export const ADOPT: RedisScript = {
  name: 'adopt',
  source: `${PROLOGUE}
local refused = refusal()
if refused then return redis.error_reply(refused) end
local ref = redis.call('HGET', O, ARGV[8])
local text = ref and redis.call('HGET', P, ref)
if not text then return {} end
local rev, hash, holder, owner, key, meta = parts(text)
if holder ~= node then
  text = record(rev, hash, node, owner, key, meta)
  redis.call('HSET', P, ref, text)
  say('{"k":"n","ref":' .. ref .. ',"node":"' .. node .. '"}')
end
return { ref, text }
`,
}

/*
 *   ARGV 1   the dead node      ARGV 8   the reason of the leaves
 *   reply    number of leaves
 *
 * Several nodes may run it for the same dead node: the second run finds nothing left to do.
 */
export const REAP: RedisScript = {
  name: 'reap',
  source: `${PROLOGUE}
redis.call('HSET', X, node, '1')
redis.call('PEXPIRE', X, ${FENCE_MS})
redis.call('HDEL', G, node)
local there = redis.call('HGETALL', P)
for j = 1, #there, 2 do
  local _, hash, holder, owner, key = parts(there[j + 1])
  if holder == node then drop(there[j], hash, owner, key, ARGV[8]) end
end
if #leaves > 0 then finish() end
return #leaves
`,
}

import type { RedisScript } from '../redis-port'
import { PROLOGUE } from './topic'

/*
 *   ARGV 8   owner
 *   reply    ref, record; nothing where the owner has no presence
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

import type { RedisScript } from '../redis-port'
import { FENCE_MS, PROLOGUE } from './topic'

/*
 *   ARGV 1   the dead node      ARGV 8   the reason of the leaves
 *   reply    how many left
 *
 * Done twice, the second time finds nothing to do: several nodes may be at it.
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

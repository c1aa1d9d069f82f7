import type { RedisReply, RedisScript } from '../redis-port'
import { pairsIn } from '../redis-reply'

/*
 *   KEYS  1 leases  2 dying  3 reasons        all times are those of Redis
 *
 *           renew                    sweep by any node: lease expired, or a holder without a lease
 *   (none) -------> leased --------------------------------------------------------> dying --finish--> (none)
 *                     ^  |
 *                     +--+ renew
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * `ARGV 1` node, `2` milliseconds, `3` 1 to register. Replies 1 if the lease was there. A node whose lease is gone was
 * declared dead, or Redis lost its data; the node has to register another id.
 */
export const RENEW: RedisScript = {
  name: 'renew',
  isUrgent: true,
  source: `${NOW}
local has = redis.call('ZSCORE', KEYS[1], ARGV[1])
if has or ARGV[3] == '1' then redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) end
return has and 1 or 0
`,
}

/** `ARGV 1` node, `2` milliseconds that the other nodes have to claim its sessions and adopt its presences. */
export const HAND_OFF: RedisScript = {
  name: 'hand-over',
  isUrgent: true,
  source: `${NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], 'drained')
return 1
`,
}

/** `ARGV 1` a node that shuts down and holds nothing, so that no other node has to clean up. */
export const LEAVE: RedisScript = {
  name: 'leave',
  source: `return redis.call('ZREM', KEYS[1], ARGV[1])`,
}

/** Dead nodes per sweep, at most. The next sweep finds the others. */
const DEAD_PER_SWEEP = 32

/**
 * `ARGV 1` the node that sweeps, then the ids of holders that it sees. Replies with the dead nodes, each with the reason of
 * its leaves, or with nothing if the sweeping node's own lease is gone.
 */
export const SWEEP: RedisScript = {
  name: 'sweep',
  source: `${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {} end
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ${DEAD_PER_SWEEP})) do
  redis.call('ZREM', KEYS[1], node)
  redis.call('ZADD', KEYS[2], now, node)
end
for i = 2, #ARGV do
  if not redis.call('ZSCORE', KEYS[1], ARGV[i]) then redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i]) end
end
local dead = {}
for _, node in ipairs(redis.call('ZRANGE', KEYS[2], 0, ${DEAD_PER_SWEEP} - 1)) do
  dead[#dead + 1] = node
  dead[#dead + 1] = redis.call('HGET', KEYS[3], node) or 'node_lost'
end
return dead
`,
}

/** `ARGV 1` a dead node that has been cleaned up. */
export const FINISH: RedisScript = {
  name: 'finish',
  source: `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
`,
}

export interface DeadNode {
  readonly node: string
  readonly reason: string
}

export function readSweepReply(reply: RedisReply): DeadNode[] {
  return pairsIn(reply, 'the dead nodes').map(([node, reason]) => ({ node, reason }))
}

/** The next four: `KEYS 1` a node's topics, `ARGV 1` a topic to add or remove. */
export const TOUCH: RedisScript = { name: 'touch', source: `return redis.call('SADD', KEYS[1], ARGV[1])` }
export const UNTOUCH: RedisScript = { name: 'untouch', source: `return redis.call('SREM', KEYS[1], ARGV[1])` }
export const TOPICS: RedisScript = { name: 'topics', source: `return redis.call('SMEMBERS', KEYS[1])` }
export const FORGET_TOPICS: RedisScript = {
  name: 'forget-topics',
  source: `return redis.call('DEL', KEYS[1])`,
}

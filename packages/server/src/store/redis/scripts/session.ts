import type { RedisReply, RedisScript } from '../redis-port'
import { countIn, listIn, textIn } from '../redis-reply'

/*
 *   KEYS 1  hash: node, version, session (JSON), `was` 1 once a node has claimed it, `over` 1 if it ended after that
 *   ARGV 1  the session's time to live, milliseconds
 *
 * A claimed session keeps the mark `over` when it ends. The node that held it before the claim may have been cut off, and
 * would otherwise save the session again as one that Redis has lost.
 */

const MINE = `
local function isMine(holder, from)
  for i = from, #ARGV do if ARGV[i] == holder then return true end end
  return false
end
local holder = redis.call('HGET', KEYS[1], 'node')
`

/**
 * `ARGV 2` session, `3` 1 if it has changed, `4…` the node's ids, the current one first. Replies with the version, or 0 if
 * another node holds the session.
 */
export const SAVE: RedisScript = {
  name: 'session-save',
  source: `${MINE}
if holder and not isMine(holder, 4) then return 0 end
if redis.call('HEXISTS', KEYS[1], 'over') == 1 then return 0 end
if ARGV[3] == '1' or not holder then
  redis.call('HINCRBY', KEYS[1], 'version', 1)
  redis.call('HSET', KEYS[1], 'session', ARGV[2])
end
redis.call('HSET', KEYS[1], 'node', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return tonumber(redis.call('HGET', KEYS[1], 'version'))
`,
}

export const READ_SESSION: RedisScript = {
  name: 'session-read',
  source: `return redis.call('HMGET', KEYS[1], 'session', 'version')`,
}

/** `ARGV 2` session, `3` version, `4` node. Replies with the previous holder, or nothing if the claim fails. */
export const CLAIM: RedisScript = {
  name: 'session-claim',
  source: `
local had = redis.call('HMGET', KEYS[1], 'session', 'version', 'node')
if not had[1] or had[2] ~= ARGV[3] then return {} end
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('HSET', KEYS[1], 'session', ARGV[2], 'node', ARGV[4], 'was', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return { had[3] }
`,
}

/** `ARGV 2…` the node's ids. */
export const FORGET: RedisScript = {
  name: 'session-forget',
  source: `${MINE}
if not holder or not isMine(holder, 2) then return 0 end
if redis.call('HEXISTS', KEYS[1], 'was') == 1 then
  redis.call('HSET', KEYS[1], 'over', '1')
  redis.call('HDEL', KEYS[1], 'session')
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
else
  redis.call('DEL', KEYS[1])
end
return 1
`,
}

export function readStoredText(reply: RedisReply): { text: string; version: number } | null {
  const [text, version] = listIn(reply, 'a session')
  if (text === null || text === undefined) return null
  return { text: textIn(text, 'a session'), version: countIn(version, 'a version') }
}

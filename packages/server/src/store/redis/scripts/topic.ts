/*
 *   KEYS  1 presences  2 owners  3 state  4 fenced  5 assertions  6 channel  7 reasons
 *   ARGV  1 node  2 its generation  3 epoch  4 seq  5 digest that it knows  6 a fresh epoch  7 PUBLISH or SPUBLISH
 *
 * The beginning of every script of a topic. Metas, keys, owners and refs arrive as JSON; scripts join them and never decode
 * them.
 */

/**
 * Milliseconds that a topic's history outlives its last presence. After that the topic begins another epoch, and its
 * subscribers get a state in place of a diff. Long enough for the time between two visitors of a room, and short because
 * clients may leave behind one topic after another.
 */
export const IDLE_TOPIC_MS = 60_000

/**
 * Milliseconds that an empty new history lives, begun because a subscriber knows a history that Redis has lost. A commit
 * waits no longer than this for the link (`READY_MS`), so the next commits find the same history.
 */
export const UNUSED_TOPIC_MS = 5000

/**
 * The epoch of a topic without a history. Redis stores nothing for such a topic; its first change begins a history with a
 * fresh epoch.
 */
export const NO_HISTORY = ''

/** Milliseconds that the nodes' assertions outlive the last presence, as commands of earlier connections may come late. */
export const ASSERTIONS_MS = 600_000

/** Leaves of one topic whose reasons Redis keeps, at most. For an older leave, a node that missed it reports `closed`. */
export const MAX_REASONS = 512

/**
 * Milliseconds that Redis keeps the reasons after the latest leave: several leases, and longer than the longest pause
 * between two attempts to connect. A node that is cut off for longer has been declared dead anyway.
 */
export const REASONS_MS = 60_000

/** Milliseconds that Redis refuses commands of a node that was declared dead. */
export const FENCE_MS = 3_600_000

/** A node's position in a topic's history; empty if it has none. */
export interface KnownPosition {
  readonly epoch: string
  readonly seq: number
  readonly digest: number
}

export const UNKNOWN_POSITION: KnownPosition = { epoch: NO_HISTORY, seq: 0, digest: 0 }

/** The node that runs a script, and its position. */
export interface TopicCaller {
  readonly node: string
  /** Grows with each recovery of the node: scripts refuse a late command of an earlier connection. */
  readonly generation: number
  readonly known: KnownPosition
  /** The epoch of a history that begins with this call. Letters and digits. */
  readonly freshEpoch: string
  readonly publish: 'PUBLISH' | 'SPUBLISH'
}

export function callerArgs({ node, generation, known, freshEpoch, publish }: TopicCaller): string[] {
  return [node, String(generation), known.epoch, String(known.seq), String(known.digest), freshEpoch, publish]
}

/**
 * The functions that all scripts share. `isBegun` is true if a history begins here, because there is none or because Redis
 * has lost writes. If there is none, the topic is empty and the node has no position, only a change begins a history.
 */
export const PROLOGUE = `
local P, O, S, X, G, C, W = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local node, generation = ARGV[1], tonumber(ARGV[2])

local function int(number) return string.format('%.0f', number) end
local function say(text) redis.call(ARGV[7], C, text) end

local function parts(record)
  local rev, hash, holder, ownerLength, keyLength, at = string.match(record, '^(%d+):(%d+):(%w*):(%d+):(%d+):()')
  local keyAt = at + tonumber(ownerLength)
  local metaAt = keyAt + tonumber(keyLength)
  return tonumber(rev), tonumber(hash), holder, string.sub(record, at, keyAt - 1),
    string.sub(record, keyAt, metaAt - 1), string.sub(record, metaAt)
end

local function record(rev, hash, holder, owner, key, meta)
  return rev .. ':' .. hash .. ':' .. holder .. ':' .. #owner .. ':' .. #key .. ':' .. owner .. key .. meta
end

local function refusal()
  if redis.call('HEXISTS', X, node) == 1 then return 'FENCED this node was taken for dead' end
  local mark = redis.call('HGET', G, node)
  if mark and tonumber(string.match(mark, '^%d+')) > generation then return 'LATE this node has asserted since' end
  return nil
end

local sizeBefore = redis.call('HLEN', P)
local state = redis.call('HMGET', S, 'epoch', 'seq', 'digest')
local epoch, seq, digest = state[1], tonumber(state[2] or '0'), tonumber(state[3] or '0')
local knownSeq = tonumber(ARGV[4])
local isBegun = not epoch
  or (epoch == ARGV[3] and (seq < knownSeq or (seq == knownSeq and digest ~= tonumber(ARGV[5]))))
if isBegun then
  epoch, seq, digest = (ARGV[3] ~= '' or sizeBefore > 0) and ARGV[6] or '${NO_HISTORY}', 0, 0
  for _, text in ipairs(redis.call('HVALS', P)) do
    local _, hash = parts(text)
    digest = (digest + hash) % 4294967296
  end
end

local base, was = seq, digest
local joins, updates, leaves = {}, {}, {}
local gone = {}

-- Keeps why a presence left for nodes that are away: a state alone would not tell them.
local function explain(ref, reason)
  gone[#gone + 1] = ref
  gone[#gone + 1] = reason
end

local function keepReasons()
  if #gone == 0 then return end
  redis.call('RPUSH', W, unpack(gone, math.max(1, #gone - ${2 * MAX_REASONS - 1})))
  redis.call('LTRIM', W, -${2 * MAX_REASONS}, -1)
  redis.call('PEXPIRE', W, ${REASONS_MS})
end

-- Reasons for a node that knows an earlier state; one that knows none has nobody to tell as gone.
local function reasons()
  return ARGV[3] ~= '' and redis.call('LRANGE', W, 0, -1) or {}
end

local function put(ref, rev, hash, owner, key, meta, previousHash)
  redis.call('HSET', P, ref, record(rev, hash, node, owner, key, meta))
  digest = (digest - (previousHash or 0) + tonumber(hash)) % 4294967296
  if previousHash then
    updates[#updates + 1] = '{"ref":' .. ref .. ',"rev":' .. rev .. ',"meta":' .. meta .. '}'
  else
    redis.call('HSET', O, owner, ref)
    joins[#joins + 1] = '{"ref":' .. ref .. ',"key":' .. key .. ',"meta":' .. meta .. ',"rev":' .. rev .. '}'
  end
end

local function drop(ref, hash, owner, key, reason)
  redis.call('HDEL', P, ref)
  if redis.call('HGET', O, owner) == ref then redis.call('HDEL', O, owner) end
  digest = (digest - hash) % 4294967296
  explain(ref, reason)
  leaves[#leaves + 1] = '{"ref":' .. ref .. ',"key":' .. key .. ',"reason":"' .. reason .. '"}'
end

local function begin()
  if not isBegun then return end
  redis.call('HSET', S, 'epoch', epoch, 'seq', '0', 'digest', int(digest))
  say('{"k":"r","epoch":"' .. epoch .. '"}')
end

local function settle()
  if redis.call('HLEN', P) == 0 then
    redis.call('PEXPIRE', S, seq == 0 and ${UNUSED_TOPIC_MS} or ${IDLE_TOPIC_MS})
    redis.call('PEXPIRE', G, ${ASSERTIONS_MS})
  elseif sizeBefore == 0 then
    redis.call('PERSIST', S)
    redis.call('PERSIST', G)
  end
end

-- Makes the changes one step of the history, and tells it. Empty where there were none.
local function finish()
  local isChange = #joins + #updates + #leaves > 0
  if epoch == '${NO_HISTORY}' then
    if not isChange then
      keepReasons()
      return ''
    end
    epoch = ARGV[6]
  end
  begin()
  local message = ''
  if isChange then
    seq = seq + 1
    redis.call('HSET', S, 'seq', int(seq), 'digest', int(digest))
    message = '{"k":"d","epoch":"' .. epoch .. '","base":' .. int(base) .. ',"was":' .. int(was)
      .. ',"seq":' .. int(seq) .. ',"digest":' .. int(digest) .. ',"node":"' .. node
      .. '","joins":[' .. table.concat(joins, ',') .. '],"updates":[' .. table.concat(updates, ',')
      .. '],"leaves":[' .. table.concat(leaves, ',') .. ']}'
    say(message)
  end
  keepReasons()
  if isBegun or message ~= '' then settle() end
  return message
end
`

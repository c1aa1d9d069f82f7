import { isJsonObject, type JsonObject, type PresenceDiff } from '@rollcall/shared-protocol'
import type { StoreMessage } from '../store'
import { isCount, isLeave, isListOf, isPresence, isText, isUpdate, parseJsonObject } from './checked-json'
import type { RedisScript } from './redis-port'

/** Publishes a text. `KEYS 1` the channel, `ARGV 1` PUBLISH or SPUBLISH, `2` the text. */
export const PUBLISH: RedisScript = {
  name: 'publish',
  source: `return redis.call(ARGV[1], KEYS[1], ARGV[2])`,
}

/*
 * The messages in a topic's channel. Scripts publish all but `bus`, and build them from JSON fragments that nodes sent.
 * Only `diff` has a place in the topic's order.
 */
export type TopicMessage =
  /** `was` is the digest of the state at `base`. It differs between two histories with the same numbers. */
  | { readonly kind: 'diff'; readonly diff: PresenceDiff; readonly was: number; readonly node: string }
  /** A node has adopted a presence. */
  | { readonly kind: 'adopted'; readonly ref: string; readonly node: string }
  /** The node has asserted all its presences in this epoch. `former` holds its earlier ids. */
  | {
      readonly kind: 'asserted'
      readonly epoch: string
      readonly node: string
      readonly former: readonly string[]
    }
  /** A new history of the topic begins. */
  | { readonly kind: 'begun'; readonly epoch: string }
  /** A broadcast. `from` is the instance of the store that sent it. */
  | { readonly kind: 'bus'; readonly from: string; readonly message: StoreMessage }

/** Returns null for a text that this version does not write. (S-110) */
export function parseMessage(text: string): TopicMessage | null {
  const message = parseJsonObject(text)
  switch (message?.k) {
    case 'd':
      return diffIn(message)
    case 'n': {
      const { ref, node } = message
      return isText(ref) && isText(node) ? { kind: 'adopted', ref, node } : null
    }
    case 'a': {
      const { epoch, node, former } = message
      if (!isText(epoch) || !isText(node) || !isText(former)) return null
      return { kind: 'asserted', epoch, node, former: former.split(',').filter(Boolean) }
    }
    case 'r':
      return isText(message.epoch) ? { kind: 'begun', epoch: message.epoch } : null
    case 'm':
      return busIn(message)
    default:
      return null
  }
}

/** Whether the text is a message that never changes a topic's state, even if its other fields cannot be read. */
export function isStateless(text: string): boolean {
  return /^\{"k":"[nam]"/.test(text)
}

/** The node whose presences the message removes because it was declared dead; null if there is none. */
export function nodeEndedBy(message: TopicMessage): string | null {
  const isEnd = message.kind === 'diff' && message.diff.leaves.some(({ reason }) => reason === 'node_lost')
  return isEnd ? message.node : null
}

function diffIn({
  epoch,
  base,
  was,
  seq,
  digest,
  node,
  joins,
  updates,
  leaves,
}: JsonObject): TopicMessage | null {
  if (!isText(epoch) || !isText(node) || !isCount(was) || !isCount(digest)) return null
  // A diff is one step. A feed that applied a jump to a far number would ignore every later diff as an old one.
  if (!isCount(base) || !isCount(seq) || seq !== base + 1) return null
  if (!isListOf(joins, isPresence) || !isListOf(updates, isUpdate) || !isListOf(leaves, isLeave)) return null
  return { kind: 'diff', diff: { epoch, base, seq, digest, joins, updates, leaves }, was, node }
}

function busIn({ from, message }: JsonObject): TopicMessage | null {
  if (!isText(from) || message === undefined || !isJsonObject(message)) return null
  const { event, payload, isBinary } = message
  if (!isText(event) || payload === undefined) return null
  if (isBinary === undefined) return { kind: 'bus', from, message: { event, payload } }
  if (isBinary !== true || !isText(payload)) return null
  return { kind: 'bus', from, message: { event, payload, isBinary } }
}

export function busText(from: string, message: StoreMessage): string {
  return JSON.stringify({ k: 'm', from, message })
}

import { isJsonObject, type PresenceDiff } from '@rollcall/shared-protocol'
import type { StoreMessage } from '../store'
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

/** Returns null for an unknown message. */
export function parseMessage(text: string): TopicMessage | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return null
  }
  if (!isJsonObject(message)) return null
  // Everything else is trusted to be as our scripts and `busText` made it: a client cannot write to Redis.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const it = message as any
  switch (it.k) {
    case 'd': {
      const { epoch, base, was, seq, digest, node, joins, updates, leaves } = it
      return { kind: 'diff', diff: { epoch, base, seq, digest, joins, updates, leaves }, was, node }
    }
    case 'n':
      return { kind: 'adopted', ref: it.ref, node: it.node }
    case 'a':
      return {
        kind: 'asserted',
        epoch: it.epoch,
        node: it.node,
        former: it.former.split(',').filter(Boolean),
      }
    case 'r':
      return { kind: 'begun', epoch: it.epoch }
    case 'm':
      return { kind: 'bus', from: it.from, message: it.message }
    default:
      return null
  }
}

export function busText(from: string, message: StoreMessage): string {
  return JSON.stringify({ k: 'm', from, message })
}

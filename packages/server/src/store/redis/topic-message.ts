import { isJsonObject, type PresenceDiff } from '@rollcall/shared-protocol'
import type { StoreMessage } from '../store'
import type { RedisScript } from './redis-port'

/** Publishes a text. `KEYS 1` the channel, `ARGV 1` PUBLISH or SPUBLISH, `2` the text. */
export const PUBLISH: RedisScript = {
  name: 'publish',
  source: `return redis.call(ARGV[1], KEYS[1], ARGV[2])`,
}

/*
 * What is said in a topic's channel. The first four come from scripts, put together of fragments that nodes sent as
 * JSON; only `diff` has a place in the order.
 */
export type TopicMessage =
  /** `was` is the digest of the state at `base`: two histories with the same numbers differ in it. */
  | { readonly kind: 'diff'; readonly diff: PresenceDiff; readonly was: number; readonly node: string }
  /** A presence is another node's now. */
  | { readonly kind: 'adopted'; readonly ref: string; readonly node: string }
  /** The node has put all that it holds here into this epoch; `former` are ids that it had before. */
  | {
      readonly kind: 'asserted'
      readonly epoch: string
      readonly node: string
      readonly former: readonly string[]
    }
  /** The topic's history begins anew. */
  | { readonly kind: 'begun'; readonly epoch: string }
  /** From a channel of another node; `from` is the store that sent it. */
  | { readonly kind: 'bus'; readonly from: string; readonly message: StoreMessage }

/** Null for what nobody here says. */
export function parseMessage(text: string): TopicMessage | null {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    return null
  }
  if (!isJsonObject(said)) return null
  // Past `k` it is as our own scripts and `busText` made it: who can write to Redis is trusted.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const it = said as any
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

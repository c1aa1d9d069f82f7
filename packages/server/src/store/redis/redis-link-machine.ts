import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *   connecting --up--> returning --restored--> live
 *       |                ^  |  ^                |  |
 *       | down           |  |  +----- gone -----+  |       gone: the node's lease is not there any more
 *       v           up   |  | down                 |
 *      away -------------+  |                      |
 *       ^ ^-----------------+                      |
 *       +------------------------------ down ------+
 *
 * How this node stands with Redis. `returning`: what may have been missed is made good (lease, own presences, every
 * topic's state) before anything new is committed. `closed` from everywhere, and for good.
 */

export type RedisLinkState =
  | { readonly name: 'connecting' }
  | { readonly name: 'away' }
  | { readonly name: 'returning' }
  | { readonly name: 'live' }
  | { readonly name: 'closed' }

export type RedisLinkEvent =
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  /** Everything is made good. */
  | { readonly kind: 'restored' }
  /** It could not be, though the connection stands. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'retry' }
  /** Redis knows nothing of this node's lease. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'close' }

export type RedisLinkEffect =
  /** Everything is in doubt until it is restored. */
  | { readonly kind: 'doubt' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'retryLater' }
  | { readonly kind: 'reachable'; readonly isReachable: boolean }
  /** Who waited for the link may go on. */
  | { readonly kind: 'release' }

type RedisLinkStep = Step<RedisLinkState, RedisLinkEffect>

const lose = (): RedisLinkStep => ({
  state: { name: 'away' },
  effects: [{ kind: 'doubt' }, { kind: 'reachable', isReachable: false }, { kind: 'release' }],
})
const restore = (): RedisLinkStep => ({ state: { name: 'returning' }, effects: [{ kind: 'restore' }] })
const close = (): RedisLinkStep => ({ state: { name: 'closed' }, effects: [{ kind: 'release' }] })

const table: TransitionTable<RedisLinkState, RedisLinkEvent, RedisLinkEffect, undefined> = {
  connecting: { up: restore, down: lose, restored: stay, failed: stay, retry: stay, gone: stay, close },
  away: { up: restore, down: stay, restored: stay, failed: stay, retry: stay, gone: stay, close },
  returning: {
    up: stay,
    down: lose,
    restored: () => ({
      state: { name: 'live' },
      effects: [{ kind: 'reachable', isReachable: true }, { kind: 'release' }],
    }),
    // Whatever it is, nothing is committed meanwhile: for who asks, the store is away.
    failed: (state) => ({
      state,
      effects: [{ kind: 'reachable', isReachable: false }, { kind: 'retryLater' }],
    }),
    retry: restore,
    // Whatever is being restored finds out by itself, and fails.
    gone: stay,
    close,
  },
  live: {
    up: stay,
    down: lose,
    restored: stay,
    failed: stay,
    retry: stay,
    gone: () => ({ state: { name: 'returning' }, effects: [{ kind: 'doubt' }, { kind: 'restore' }] }),
    close,
  },
  closed: { up: stay, down: stay, restored: stay, failed: stay, retry: stay, gone: stay, close: stay },
}

export const CONNECTING: RedisLinkState = { name: 'connecting' }

export function stepRedisLink(state: RedisLinkState, event: RedisLinkEvent): RedisLinkStep {
  return stepBy(table, state, event, undefined)
}

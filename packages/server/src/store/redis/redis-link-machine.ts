import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *   connecting --up--> restoring --restored--> live
 *       |                ^  |  ^                |  |
 *       | down           |  |  +----- gone -----+  |       gone: Redis no longer has this node's lease
 *       v           up   |  | down                 |
 *      down -------------+  |                      |
 *       ^ ^-----------------+                      |
 *       +------------------------------ down ------+
 *
 * The link of this node to Redis. While `restoring`, the node restores its lease, its sessions, its presences and every
 * topic's state, and commits nothing new. `close` leads from every state to `closed`, which is final.
 */

export type RedisLinkState =
  | { readonly name: 'connecting' }
  | { readonly name: 'down' }
  | { readonly name: 'restoring' }
  | { readonly name: 'live' }
  | { readonly name: 'closed' }

export type RedisLinkEvent =
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  | { readonly kind: 'restored' }
  /** Restoring failed, though the connection stands. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'retry' }
  /** Redis no longer has this node's lease. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'close' }

export type RedisLinkEffect =
  /** Messages may have been missed: nothing that this node knows is certain until it is restored. */
  | { readonly kind: 'markStale' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'retryLater' }
  | { readonly kind: 'reachable'; readonly isReachable: boolean }
  /** Calls that wait for the link check it again. */
  | { readonly kind: 'resumeWaiting' }

type RedisLinkStep = Step<RedisLinkState, RedisLinkEffect>

const lose = (): RedisLinkStep => ({
  state: { name: 'down' },
  effects: [{ kind: 'markStale' }, { kind: 'reachable', isReachable: false }, { kind: 'resumeWaiting' }],
})
const restore = (): RedisLinkStep => ({ state: { name: 'restoring' }, effects: [{ kind: 'restore' }] })
const close = (): RedisLinkStep => ({ state: { name: 'closed' }, effects: [{ kind: 'resumeWaiting' }] })

const table: TransitionTable<RedisLinkState, RedisLinkEvent, RedisLinkEffect, undefined> = {
  connecting: { up: restore, down: lose, restored: stay, failed: stay, retry: stay, gone: stay, close },
  down: { up: restore, down: stay, restored: stay, failed: stay, retry: stay, gone: stay, close },
  restoring: {
    up: stay,
    down: lose,
    restored: () => ({
      state: { name: 'live' },
      effects: [{ kind: 'reachable', isReachable: true }, { kind: 'resumeWaiting' }],
    }),
    // Nothing can be committed until a retry succeeds, so the store counts as unreachable.
    failed: (state) => ({
      state,
      effects: [{ kind: 'reachable', isReachable: false }, { kind: 'retryLater' }],
    }),
    retry: restore,
    // Redis refuses the commands of the recovery that is under way, so it fails and starts again by itself.
    gone: stay,
    close,
  },
  live: {
    up: stay,
    down: lose,
    restored: stay,
    failed: stay,
    retry: stay,
    gone: () => ({ state: { name: 'restoring' }, effects: [{ kind: 'markStale' }, { kind: 'restore' }] }),
    close,
  },
  closed: { up: stay, down: stay, restored: stay, failed: stay, retry: stay, gone: stay, close: stay },
}

export const CONNECTING: RedisLinkState = { name: 'connecting' }

export function stepRedisLink(state: RedisLinkState, event: RedisLinkEvent): RedisLinkStep {
  return stepBy(table, state, event, undefined)
}

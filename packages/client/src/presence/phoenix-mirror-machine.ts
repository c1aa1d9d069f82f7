import { type PhoenixMeta, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            joined               state: replace
 *   off --------------> waiting -----------------> live --+ diff: apply; state: replace
 *    ^                  ^  |  |  <-+               |    <-+
 *    |           joined |  |  +----+ diff: buffer  |
 *    | cleared          |  | lost                  | lost
 *    +------------ disconnected <------------------+
 *
 * Follows a topic of a server without positions, which is Phoenix. The client cannot notice a gap there or request a
 * state. Frames come in order, the server sends a state after every join, and a diff that overtakes it is buffered until
 * the state arrives. (C-25) PhoenixPresences interprets the refs in the frames.
 */

export interface MetasDiff {
  readonly joins: readonly PhoenixMeta[]
  readonly leaves: readonly PhoenixMeta[]
}

/** `isSynced`: there is a map, possibly a stale one. */
export type PhoenixMirrorState =
  | { readonly name: 'off'; readonly isSynced: false }
  /** `buffered`: diffs that came before the state, oldest first. */
  | { readonly name: 'waiting'; readonly isSynced: boolean; readonly buffered: readonly MetasDiff[] }
  | { readonly name: 'live'; readonly isSynced: true }
  | { readonly name: 'disconnected'; readonly isSynced: boolean }

export type PhoenixMirrorEvent =
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  /** The channel has left: clear the map. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'metas_state'; readonly metas: readonly PhoenixMeta[] }
  | ({ readonly kind: 'metas_diff' } & MetasDiff)

export type PhoenixMirrorEffect =
  /** Replaces the map by these, then applies the diffs, in one step. */
  | {
      readonly kind: 'replace'
      readonly metas: readonly PhoenixMeta[]
      readonly diffs: readonly MetasDiff[]
    }
  | { readonly kind: 'apply'; readonly diff: MetasDiff }
  | { readonly kind: 'clear' }

/**
 * Most metas in the buffered diffs together. Beyond it, the oldest diffs are dropped: a state that comes so late
 * includes them. Without this bound, a channel that never sends a state would fill the memory.
 */
export const MAX_BUFFERED_METAS = 10_000

type PhoenixMirrorStep = Step<PhoenixMirrorState, PhoenixMirrorEffect>

export const INITIAL_PHOENIX_MIRROR: PhoenixMirrorState = { name: 'off', isSynced: false }

const waitForState = ({ isSynced }: PhoenixMirrorState): PhoenixMirrorStep =>
  stay({ name: 'waiting', isSynced, buffered: [] })

const disconnect = ({ isSynced }: PhoenixMirrorState): PhoenixMirrorStep =>
  stay({ name: 'disconnected', isSynced })

const clear = (): PhoenixMirrorStep => ({ state: INITIAL_PHOENIX_MIRROR, effects: [{ kind: 'clear' }] })

function replaceBy(metas: readonly PhoenixMeta[], diffs: readonly MetasDiff[]): PhoenixMirrorStep {
  return { state: { name: 'live', isSynced: true }, effects: [{ kind: 'replace', metas, diffs }] }
}

function buffer(buffered: readonly MetasDiff[], { joins, leaves }: MetasDiff): readonly MetasDiff[] {
  const all = [...buffered, { joins, leaves }]
  let excess = all.reduce((sum, diff) => sum + sizeOf(diff), 0) - MAX_BUFFERED_METAS
  return all.filter((diff) => {
    if (excess <= 0) return true
    excess -= sizeOf(diff)
    return false
  })
}

/** Counts an empty diff as one: it takes memory, too. */
function sizeOf({ joins, leaves }: MetasDiff): number {
  return 1 + joins.length + leaves.length
}

type Context = undefined
const table: TransitionTable<PhoenixMirrorState, PhoenixMirrorEvent, PhoenixMirrorEffect, Context> = {
  off: { joined: waitForState, lost: stay, cleared: stay, metas_state: stay, metas_diff: stay },
  waiting: {
    joined: waitForState,
    lost: disconnect,
    cleared: clear,
    metas_state: ({ buffered }, { metas }) => replaceBy(metas, buffered),
    metas_diff: (state, diff) => stay({ ...state, buffered: buffer(state.buffered, diff) }),
  },
  live: {
    joined: waitForState,
    lost: disconnect,
    cleared: clear,
    metas_state: (_state, { metas }) => replaceBy(metas, []),
    metas_diff: (state, { joins, leaves }) => ({
      state,
      effects: [{ kind: 'apply', diff: { joins, leaves } }],
    }),
  },
  disconnected: { joined: waitForState, lost: stay, cleared: clear, metas_state: stay, metas_diff: stay },
}

export function stepPhoenixMirror(state: PhoenixMirrorState, event: PhoenixMirrorEvent): PhoenixMirrorStep {
  return stepBy(table, state, event, undefined)
}

import { type PhoenixMeta, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            joined               state: replace
 *   off --------------> awaiting ----------------> live --+ diff: apply; state: replace
 *    ^                  ^  |  |  <-+               |    <-+
 *    |           joined |  |  +----+ diff: keep    |
 *    | cleared          |  | lost                  | lost
 *    +---------------- away <----------------------+
 *
 * The mirror of a topic whose server tells no positions, which is Phoenix. Nothing can be found to be missing there and
 * nothing be asked for: frames come in order, a state is sent after every join, and a diff that overtook it is kept
 * until it is there (C-25). What the refs in the frames mean is beside it, in PhoenixPresences.
 */

export interface MetasDiff {
  readonly joins: readonly PhoenixMeta[]
  readonly leaves: readonly PhoenixMeta[]
}

/** `isSynced`: a map of before is shown, if only a stale one. */
export type PhoenixMirrorState =
  | { readonly name: 'off'; readonly isSynced: false }
  /** `kept`: diffs that came before the state, oldest first. */
  | { readonly name: 'waiting'; readonly isSynced: boolean; readonly kept: readonly MetasDiff[] }
  | { readonly name: 'live'; readonly isSynced: true }
  | { readonly name: 'disconnected'; readonly isSynced: boolean }

export type PhoenixMirrorEvent =
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  /** The channel is over: the map is of no more use. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'metas_state'; readonly metas: readonly PhoenixMeta[] }
  | ({ readonly kind: 'metas_diff' } & MetasDiff)

export type PhoenixMirrorEffect =
  /** Hold exactly these, then apply the diffs, in one step. */
  | {
      readonly kind: 'replace'
      readonly metas: readonly PhoenixMeta[]
      readonly diffs: readonly MetasDiff[]
    }
  | { readonly kind: 'apply'; readonly diff: MetasDiff }
  | { readonly kind: 'clear' }

/**
 * Metas that are kept for a state that has not come, in all diffs together. The oldest diffs go first: a state that
 * comes that late holds what they said. A channel that never sends a state costs no more than this.
 */
export const MAX_KEPT_METAS = 10_000

type PhoenixMirrorStep = Step<PhoenixMirrorState, PhoenixMirrorEffect>

export const INITIAL_PHOENIX_MIRROR: PhoenixMirrorState = { name: 'off', isSynced: false }

const waitForState = ({ isSynced }: PhoenixMirrorState): PhoenixMirrorStep =>
  stay({ name: 'waiting', isSynced, kept: [] })

const disconnect = ({ isSynced }: PhoenixMirrorState): PhoenixMirrorStep =>
  stay({ name: 'disconnected', isSynced })

const clear = (): PhoenixMirrorStep => ({ state: INITIAL_PHOENIX_MIRROR, effects: [{ kind: 'clear' }] })

function replaceBy(metas: readonly PhoenixMeta[], diffs: readonly MetasDiff[]): PhoenixMirrorStep {
  return { state: { name: 'live', isSynced: true }, effects: [{ kind: 'replace', metas, diffs }] }
}

function keep(kept: readonly MetasDiff[], { joins, leaves }: MetasDiff): readonly MetasDiff[] {
  const all = [...kept, { joins, leaves }]
  let excess = all.reduce((sum, diff) => sum + sizeOf(diff), 0) - MAX_KEPT_METAS
  return all.filter((diff) => {
    if (excess <= 0) return true
    excess -= sizeOf(diff)
    return false
  })
}

/** An empty diff takes room, too. */
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
    metas_state: ({ kept }, { metas }) => replaceBy(metas, kept),
    metas_diff: (state, diff) => stay({ ...state, kept: keep(state.kept, diff) }),
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

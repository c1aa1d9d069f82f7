import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { changesOf, composeEdits, type MetaChange, type MetaEdit } from './meta-edit'

/*
 *             joined             submit: send
 *   held ----------------> ready -------------> cooling --+ submit: pending, the latest wins
 *    ^                       ^                    |   ^   |
 *    |                       +--------------------+   +---+
 *    |                        due, nothing pending      due, pending: send
 *    +--------------------- from both: lost
 *
 * The first change goes out at once, those within `intervalMs` after it as one (C-10). What was sent and not
 * answered when the connection broke is sent again after the rejoin: a change says what the meta shall be, so
 * that twice is as good as once. What was answered is remembered, for the payload of the rejoin. (C-11)
 * What the server has too much of is said again when it has asked for it, as it is wanted by then. (C-36)
 */

/** What goes out at one time. `tickets` stand for the callers who wait for the answer. */
export interface Batch {
  readonly edit: MetaEdit
  readonly tickets: readonly number[]
}

interface OwnMetaMemory {
  /** Sent and not yet answered, by number, in the order sent. */
  readonly inFlight: readonly { readonly id: number; readonly batch: Batch }[]
  /** What the server has accepted since the channel was first joined; null for nothing. */
  readonly accepted: MetaEdit | null
  readonly nextId: number
}

export type OwnMetaState = OwnMetaMemory &
  (
    | { readonly name: 'held'; readonly pending: Batch | null }
    | { readonly name: 'ready' }
    | { readonly name: 'cooling'; readonly pending: Batch | null }
  )

export type OwnMetaEvent =
  | { readonly kind: 'submit'; readonly edit: MetaEdit; readonly ticket: number }
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'cleared' }
  /** `retryAfterMs`: the server did not take it, and would after so long; null where it has decided. */
  | {
      readonly kind: 'answered'
      readonly id: number
      readonly error: unknown
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'due' }

export type OwnMetaEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'timer'; readonly delayMs: number | null }
  | { readonly kind: 'send'; readonly id: number; readonly changes: readonly MetaChange[] }
  /** Tell the callers: `error` null where the server accepted. */
  | { readonly kind: 'settle'; readonly tickets: readonly number[]; readonly error: unknown }

export interface OwnMetaContext {
  /** Least time between two sends, in milliseconds. */
  readonly intervalMs: number
}

type OwnMetaStep = Step<OwnMetaState, OwnMetaEffect>
type In<N extends OwnMetaState['name']> = Extract<OwnMetaState, { readonly name: N }>

export const INITIAL_OWN_META: OwnMetaState = {
  name: 'held',
  pending: null,
  inFlight: [],
  accepted: null,
  nextId: 1,
}

function memoryOf({ inFlight, accepted, nextId }: OwnMetaState): OwnMetaMemory {
  return { inFlight, accepted, nextId }
}

function join(first: Batch | null, second: Batch | null): Batch | null {
  if (first === null || second === null) return first ?? second
  return { edit: composeEdits(first.edit, second.edit), tickets: [...first.tickets, ...second.tickets] }
}

function batchOf({ edit, ticket }: Extract<OwnMetaEvent, { kind: 'submit' }>): Batch {
  return { edit, tickets: [ticket] }
}

function send(state: OwnMetaState, batch: Batch, { intervalMs }: OwnMetaContext): OwnMetaStep {
  const { inFlight, accepted, nextId: id } = state
  return {
    state: {
      name: 'cooling',
      pending: null,
      inFlight: [...inFlight, { id, batch }],
      accepted,
      nextId: id + 1,
    },
    effects: [
      { kind: 'send', id, changes: changesOf(batch.edit) },
      { kind: 'timer', delayMs: intervalMs },
    ],
  }
}

function hold(state: OwnMetaState, pending: Batch | null): OwnMetaStep {
  const unanswered = state.inFlight.map(({ batch }) => batch).reduce<Batch | null>(join, null)
  return {
    state: { ...memoryOf(state), name: 'held', inFlight: [], pending: join(unanswered, pending) },
    effects: [{ kind: 'timer', delayMs: null }],
  }
}

/** Puts off what was sent at `index`, with all that is wanted since: said after that, it would take it back. */
function postpone(
  state: In<'ready' | 'cooling'>,
  index: number,
  batch: Batch,
  retryAfterMs: number,
  { intervalMs }: OwnMetaContext,
): OwnMetaStep {
  const { inFlight } = state
  const others = inFlight.filter((_item, at) => at !== index)
  const later = others.slice(index)
  const follower = later.find((item) => item.batch.edit.kind === 'set')
  // It replaces the meta whatever that was: its answer is also ours.
  if (follower) {
    const joined = { ...follower, batch: join(batch, follower.batch) ?? follower.batch }
    return stay({ ...state, inFlight: others.map((item) => (item === follower ? joined : item)) })
  }
  const wanted = later.map((item) => ({ ...item.batch, tickets: [] })).reduce<Batch | null>(join, batch)
  const pending = join(wanted, state.name === 'cooling' ? state.pending : null)
  return {
    state: { ...memoryOf(state), name: 'cooling', inFlight: others, pending },
    effects: [{ kind: 'timer', delayMs: Math.max(intervalMs, retryAfterMs) }],
  }
}

const answer = (
  state: In<'ready' | 'cooling'>,
  { id, error, retryAfterMs }: Extract<OwnMetaEvent, { kind: 'answered' }>,
  context: OwnMetaContext,
): OwnMetaStep => {
  const index = state.inFlight.findIndex((item) => item.id === id)
  const sent = state.inFlight[index]
  if (!sent) return stay(state)
  if (retryAfterMs !== null) return postpone(state, index, sent.batch, retryAfterMs, context)
  const { edit, tickets } = sent.batch
  const accepted = state.accepted ? composeEdits(state.accepted, edit) : edit
  return {
    state: {
      ...state,
      inFlight: state.inFlight.filter((item) => item !== sent),
      accepted: error === null ? accepted : state.accepted,
    },
    effects: [{ kind: 'settle', tickets, error }],
  }
}

const clear = ({ nextId }: OwnMetaState): OwnMetaStep => ({
  state: { ...INITIAL_OWN_META, nextId },
  effects: [{ kind: 'timer', delayMs: null }],
})

const table: TransitionTable<OwnMetaState, OwnMetaEvent, OwnMetaEffect, OwnMetaContext> = {
  held: {
    submit: (state, event) => stay({ ...state, pending: join(state.pending, batchOf(event)) }),
    joined: (state, _event, context) =>
      state.pending ? send(state, state.pending, context) : stay({ ...memoryOf(state), name: 'ready' }),
    lost: stay,
    cleared: clear,
    answered: stay,
    due: stay,
  },
  ready: {
    submit: (state, event, context) => send(state, batchOf(event), context),
    joined: stay,
    lost: (state) => hold(state, null),
    cleared: clear,
    answered: answer,
    due: stay,
  },
  cooling: {
    submit: (state, event) => stay({ ...state, pending: join(state.pending, batchOf(event)) }),
    joined: stay,
    lost: (state) => hold(state, state.pending),
    cleared: clear,
    answered: answer,
    due: (state, _event, context) =>
      state.pending ? send(state, state.pending, context) : stay({ ...memoryOf(state), name: 'ready' }),
  },
}

export function stepOwnMeta(state: OwnMetaState, event: OwnMetaEvent, context: OwnMetaContext): OwnMetaStep {
  return stepBy(table, state, event, context)
}

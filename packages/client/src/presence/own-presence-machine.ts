import {
  changesOf,
  composeEdits,
  type JsonObject,
  type MetaChange,
  type MetaEdit,
  type Step,
  stay,
  stepBy,
  type TransitionTable,
  withoutIdleRemovals,
} from '@rollcall/shared-protocol'
import { joinTickets, type Tickets, ticketsOf } from '../async/tickets'
import { append, mergeAll, mergeOf, type WaitingEdits, waitingOf } from './waiting-edits'

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
 * What is pending is merged once, when it goes out, and has a bound: a patch beyond it is refused. (C-53)
 */

/** What goes out at one time. `tickets` stand for the callers who wait for the answer. */
export interface PendingChange {
  readonly edit: MetaEdit
  readonly tickets: Tickets
}

/** What waits to go out. */
interface Pending {
  readonly edits: WaitingEdits
  readonly tickets: Tickets
}

interface OwnPresenceMemory {
  /** Sent and not yet answered, by number, in the order sent. */
  readonly inFlight: readonly { readonly id: number; readonly change: PendingChange }[]
  /** What the server has accepted since the channel was first joined; null for nothing. */
  readonly accepted: MetaEdit | null
  readonly nextId: number
}

export type OwnPresenceState = OwnPresenceMemory &
  (
    | { readonly name: 'offline'; readonly pending: Pending | null }
    | { readonly name: 'ready' }
    | { readonly name: 'throttled'; readonly pending: Pending | null }
  )

export type OwnPresenceEvent =
  | { readonly kind: 'request'; readonly edit: MetaEdit; readonly ticket: number }
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'cleared' }
  /** `retryAfterMs`: the server did not take it, and would after so long; null where it has decided. */
  | {
      readonly kind: 'replied'
      readonly id: number
      readonly error: unknown
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'due' }

export type OwnPresenceEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'send'; readonly id: number; readonly changes: readonly MetaChange[] }
  /** Tell the callers: `error` null where the server accepted. */
  | { readonly kind: 'settle'; readonly tickets: Tickets; readonly error: unknown }
  /** Tell the caller: with this patch too much would wait. It has no effect. */
  | { readonly kind: 'refuse'; readonly ticket: number }

export interface OwnPresenceContext {
  /** Least time between two sends, in milliseconds. */
  readonly intervalMs: number
  /** The meta that the latest join's payload had by itself. */
  readonly joinMeta: JsonObject
}

type OwnPresenceStep = Step<OwnPresenceState, OwnPresenceEffect>
type In<N extends OwnPresenceState['name']> = Extract<OwnPresenceState, { readonly name: N }>

export const INITIAL_OWN_PRESENCE: OwnPresenceState = {
  name: 'offline',
  pending: null,
  inFlight: [],
  accepted: null,
  nextId: 1,
}

function memoryOf({ inFlight, accepted, nextId }: OwnPresenceState): OwnPresenceMemory {
  return { inFlight, accepted, nextId }
}

function join(first: PendingChange, second: PendingChange): PendingChange {
  return {
    edit: composeEdits(first.edit, second.edit),
    tickets: joinTickets(first.tickets, second.tickets),
  }
}

/** The batches as one, with what is pending after them; null where there is nothing. */
function pendingOf(changes: readonly PendingChange[], pending: Pending | null): Pending | null {
  if (changes.length === 0) return pending
  const all = pending ? [...changes, changeOf(pending)] : changes
  return {
    edits: waitingOf(mergeAll(all.map(({ edit }) => edit))),
    tickets: all.map(({ tickets }) => tickets).reduce(joinTickets),
  }
}

function changeOf({ edits, tickets }: Pending): PendingChange {
  return { edit: mergeOf(edits), tickets }
}

function wait(
  state: In<'offline' | 'throttled'>,
  { edit, ticket }: Extract<OwnPresenceEvent, { kind: 'request' }>,
): OwnPresenceStep {
  const { pending } = state
  const { waiting: edits, isFull } = append(pending?.edits ?? null, edit)
  const tickets = pending?.tickets ?? []
  if (isFull)
    return { state: { ...state, pending: { edits, tickets } }, effects: [{ kind: 'refuse', ticket }] }
  return stay({ ...state, pending: { edits, tickets: joinTickets(tickets, ticketsOf(ticket)) } })
}

function send(
  state: OwnPresenceState,
  change: PendingChange,
  { intervalMs }: OwnPresenceContext,
): OwnPresenceStep {
  const { inFlight, accepted, nextId: id } = state
  return {
    state: {
      name: 'throttled',
      pending: null,
      inFlight: [...inFlight, { id, change }],
      accepted,
      nextId: id + 1,
    },
    effects: [
      { kind: 'send', id, changes: changesOf(change.edit) },
      { kind: 'setTimer', delayMs: intervalMs },
    ],
  }
}

function goOffline(state: OwnPresenceState, pending: Pending | null): OwnPresenceStep {
  const unanswered = state.inFlight.map(({ change }) => change)
  return {
    state: { ...memoryOf(state), name: 'offline', inFlight: [], pending: pendingOf(unanswered, pending) },
    effects: [{ kind: 'setTimer', delayMs: null }],
  }
}

/** Puts off what was sent at `index`, with all that is wanted since: said after that, it would take it back. */
function postpone(
  state: In<'ready' | 'throttled'>,
  index: number,
  change: PendingChange,
  retryAfterMs: number,
  { intervalMs }: OwnPresenceContext,
): OwnPresenceStep {
  const { inFlight } = state
  const others = inFlight.filter((_item, at) => at !== index)
  const later = others.slice(index)
  const follower = later.find((item) => item.change.edit.kind === 'set')
  // It replaces the meta whatever that was: its answer is also ours.
  if (follower) {
    const joined = { ...follower, change: join(change, follower.change) }
    return stay({ ...state, inFlight: others.map((item) => (item === follower ? joined : item)) })
  }
  const wanted = [change, ...later.map((item) => ({ ...item.change, tickets: [] }))]
  const pending = pendingOf(wanted, state.name === 'throttled' ? state.pending : null)
  return {
    state: { ...memoryOf(state), name: 'throttled', inFlight: others, pending },
    effects: [{ kind: 'setTimer', delayMs: Math.max(intervalMs, retryAfterMs) }],
  }
}

const onReply = (
  state: In<'ready' | 'throttled'>,
  { id, error, retryAfterMs }: Extract<OwnPresenceEvent, { kind: 'replied' }>,
  context: OwnPresenceContext,
): OwnPresenceStep => {
  const index = state.inFlight.findIndex((item) => item.id === id)
  const sent = state.inFlight[index]
  if (!sent) return stay(state)
  if (retryAfterMs !== null) return postpone(state, index, sent.change, retryAfterMs, context)
  const { edit, tickets } = sent.change
  const accepted = state.accepted ? composeEdits(state.accepted, edit) : edit
  return {
    state: {
      ...state,
      inFlight: state.inFlight.filter((item) => item !== sent),
      // A program may remove ever new fields: only those that the next join would bring back are remembered.
      accepted: error === null ? withoutIdleRemovals(accepted, context.joinMeta) : state.accepted,
    },
    effects: [{ kind: 'settle', tickets, error }],
  }
}

const clear = ({ nextId }: OwnPresenceState): OwnPresenceStep => ({
  state: { ...INITIAL_OWN_PRESENCE, nextId },
  effects: [{ kind: 'setTimer', delayMs: null }],
})

const table: TransitionTable<OwnPresenceState, OwnPresenceEvent, OwnPresenceEffect, OwnPresenceContext> = {
  offline: {
    request: wait,
    joined: (state, _event, context) =>
      state.pending
        ? send(state, changeOf(state.pending), context)
        : stay({ ...memoryOf(state), name: 'ready' }),
    lost: stay,
    cleared: clear,
    replied: stay,
    due: stay,
  },
  ready: {
    request: (state, { edit, ticket }, context) => send(state, { edit, tickets: ticketsOf(ticket) }, context),
    joined: stay,
    lost: (state) => goOffline(state, null),
    cleared: clear,
    replied: onReply,
    due: stay,
  },
  throttled: {
    request: wait,
    joined: stay,
    lost: (state) => goOffline(state, state.pending),
    cleared: clear,
    replied: onReply,
    due: (state, _event, context) =>
      state.pending
        ? send(state, changeOf(state.pending), context)
        : stay({ ...memoryOf(state), name: 'ready' }),
  },
}

export function stepOwnPresence(
  state: OwnPresenceState,
  event: OwnPresenceEvent,
  context: OwnPresenceContext,
): OwnPresenceStep {
  return stepBy(table, state, event, context)
}

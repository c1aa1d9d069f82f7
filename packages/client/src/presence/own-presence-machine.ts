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
 *               joined              request: send
 *   offline ----------------> ready --------------> throttled --+ request: pending, the latest wins
 *    ^                          ^                     |    ^    |
 *    |                          +---------------------+    +----+
 *    |                            due, nothing pending       due, pending: send
 *    +----------------------- from both: lost
 *
 * The first change is sent at once; those within `intervalMs` after it are sent as one. (C-10) Changes without a reply
 * when the connection broke are sent again after the rejoin: a change describes the meta, so it can be applied twice.
 * Changes that the server accepted are added to the payload of the rejoin. (C-11)
 * A change that the server replied to with `throttled` is sent again after the requested time, with newer ones. (C-36)
 * Pending changes are merged once, when they are sent. A patch beyond their bound is refused. (C-53)
 */

/** A change that is sent as one message. `tickets` are those of the callers that wait for the reply. */
interface PendingChange {
  readonly edit: MetaEdit
  readonly tickets: Tickets
}

/** The changes that wait to be sent. */
interface Pending {
  readonly edits: WaitingEdits
  readonly tickets: Tickets
}

interface OwnPresenceMemory {
  /** The changes without a reply yet, in the order of sending. */
  readonly inFlight: readonly { readonly id: number; readonly change: PendingChange }[]
  /** All changes that the server has accepted since the first join, as one; null for none. */
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
  /** `retryAfterMs`: the server refused the change for now; null if its reply is final. */
  | {
      readonly kind: 'replied'
      readonly id: number
      readonly error: unknown
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'due' }

export type OwnPresenceEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'send'; readonly id: number; readonly changes: readonly MetaChange[] }
  /** Settles the callers. `error` is null if the server accepted the change. */
  | { readonly kind: 'settle'; readonly tickets: Tickets; readonly error: unknown }
  /** Rejects the caller of a patch that would make the pending changes too large. */
  | { readonly kind: 'refuse'; readonly ticket: number }

interface OwnPresenceContext {
  /** Least time between two sends, in milliseconds. */
  readonly intervalMs: number
  /** The meta in the application's payload of the latest join. */
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

/** Merges the changes and then the pending ones into one; null if there are none of both. */
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

/** Postpones the change at `index`, and sends all later changes with it again: alone it would undo them. */
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
  // A later update replaces the whole meta, so its reply is also the reply to this change.
  if (follower) {
    const joined = { ...follower, change: join(change, follower.change) }
    return stay({ ...state, inFlight: others.map((item) => (item === follower ? joined : item)) })
  }
  const again = [change, ...later.map((item) => ({ ...item.change, tickets: [] }))]
  const pending = pendingOf(again, state.name === 'throttled' ? state.pending : null)
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
      // Remembers a removal only if the next join would restore the field. Otherwise the removals of a program that
      // adds and removes new fields all the time would pile up.
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

import {
  applyEdit,
  editOf,
  field,
  isJsonObject,
  type JsonObject,
  type MetaChange,
  type MetaEdit,
} from '@rollcall/shared-protocol'
import { jsonObjectOf } from '../arguments'
import { RunningMachine } from '../async/running-machine'
import { ticketsOf } from '../async/tickets'
import { PendingResults, ResettableTimer } from '../async/timer'
import { RollcallError, timeoutError } from '../errors'
import type { ResolvedSocketOptions } from '../options'
import { readRefusal } from '../refusal'
import {
  INITIAL_OWN_PRESENCE,
  type OwnPresenceEffect,
  type OwnPresenceEvent,
  type OwnPresenceState,
  stepOwnPresence,
} from './own-presence-machine'
import { MAX_WAITING_BYTES } from './waiting-edits'

/** The changes of this client's own presence in one topic: throttled, and kept across reconnects. */
export class OwnPresence {
  readonly #topic: string
  readonly #request: (change: MetaChange) => Promise<unknown>
  readonly #machine: RunningMachine<OwnPresenceState, OwnPresenceEvent, OwnPresenceEffect>
  readonly #timer: ResettableTimer
  readonly #callers: PendingResults
  #joinMeta: JsonObject = {}

  constructor(
    topic: string,
    options: ResolvedSocketOptions,
    /** Sends one change; settles with the server's reply. Called only while joined. */
    request: (change: MetaChange) => Promise<unknown>,
  ) {
    const { clock, timeoutMs, updateIntervalMs } = options
    this.#topic = topic
    this.#request = request
    this.#timer = new ResettableTimer(clock, () => this.dispatch({ kind: 'due' }))
    const what = `The update of the own presence in "${topic}"`
    const hint = 'The client sends it once the channel is joined.'
    this.#callers = new PendingResults(clock, timeoutMs, () => timeoutError(what, timeoutMs, hint))
    this.#machine = new RunningMachine<OwnPresenceState, OwnPresenceEvent, OwnPresenceEffect>(
      INITIAL_OWN_PRESENCE,
      (state, event) =>
        stepOwnPresence(state, event, { intervalMs: updateIntervalMs, joinMeta: this.#joinMeta }),
      (effect) => this.#perform(effect),
    )
  }

  dispatch(event: OwnPresenceEvent): void {
    this.#machine.dispatch(event)
  }

  /** Rejects with `invalid_argument` if JSON cannot express the change. */
  request(change: MetaChange): Promise<void> {
    let edit: MetaEdit
    try {
      edit = editOf(this.#asJson(change))
    } catch (mistake) {
      // Not marked as handled: the program has a mistake, which must not pass unseen.
      return Promise.reject(mistake)
    }
    const result = this.#callers.add((ticket) => this.dispatch({ kind: 'request', edit, ticket }))
    // The caller need not await an update: its effect shows in the presence map.
    return result.markHandled().promise
  }

  /** Rejects the waiting callers. Their changes are still sent later. */
  fail(error: unknown): void {
    this.#callers.rejectAll(error)
  }

  /** Applies the changes that the server has accepted to the `meta` of a join's payload. (C-11) */
  payloadOf(payload: JsonObject): JsonObject {
    const { accepted } = this.#machine.state
    const meta = field(payload, 'meta')
    this.#joinMeta = isJsonObject(meta) ? meta : {}
    return accepted === null ? payload : { ...payload, meta: applyEdit(this.#joinMeta, accepted) }
  }

  /** A copy, so that later changes of the application's object do not matter. */
  #asJson(change: MetaChange): MetaChange {
    const value = change.kind === 'update' ? change.meta : change.patch
    const json = jsonObjectOf(`The argument of presence.${change.kind} in "${this.#topic}"`, value)
    return change.kind === 'update' ? { ...change, meta: json } : { ...change, patch: json }
  }

  #perform(effect: OwnPresenceEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'settle':
        return this.#callers.settle(effect.tickets, effect.error)
      case 'refuse':
        return this.#callers.settle(ticketsOf(effect.ticket), fullError(this.#topic))
      case 'send': {
        const { id } = effect
        const replied = (error: unknown) =>
          this.dispatch({ kind: 'replied', id, error, retryAfterMs: retryAfterOf(error) })
        Promise.all(effect.changes.map(this.#request)).then(() => replied(null), replied)
      }
    }
  }
}

function fullError(topic: string): RollcallError {
  return new RollcallError(
    'queue_full',
    `The patch of the own presence in "${topic}" was dropped: with it, more than ${MAX_WAITING_BYTES} bytes would wait to be sent. Use presence.update instead.`,
  )
}

/** Milliseconds to wait if the server replied `throttled`; null for every other reply. */
function retryAfterOf(error: unknown): number | null {
  const isThrottled =
    error instanceof RollcallError && error.reason === 'throttled' && error.response !== null
  return isThrottled ? readRefusal(error.response).retryAfterMs : null
}

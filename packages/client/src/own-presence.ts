import { field, isJsonObject, type JsonObject } from '@rollcall/shared-protocol'
import { RollcallError, timeoutError } from './errors'
import { applyEdit, editOf, type MetaChange } from './machine/meta-edit'
import {
  INITIAL_OWN_META,
  type OwnMetaEffect,
  type OwnMetaEvent,
  type OwnMetaState,
  stepOwnMeta,
} from './machine/own-meta'
import type { ResolvedSocketOptions } from './options'
import { readRefusal } from './refusal'
import { RunningMachine } from './running-machine'
import { Timer, Waiter } from './timer'

/** What this session wants its own presence in one topic to say: throttled, kept across reconnects. */
export class OwnPresence {
  readonly #topic: string
  readonly #options: ResolvedSocketOptions
  readonly #request: (change: MetaChange) => Promise<unknown>
  readonly #machine: RunningMachine<OwnMetaState, OwnMetaEvent, OwnMetaEffect>
  readonly #timer: Timer
  readonly #waiters = new Map<number, Waiter<void>>()
  #lastTicket = 0

  constructor(
    topic: string,
    options: ResolvedSocketOptions,
    /** Sends one change; settles with the server's answer. Called only while joined. */
    request: (change: MetaChange) => Promise<unknown>,
  ) {
    this.#topic = topic
    this.#options = options
    this.#request = request
    this.#timer = new Timer(options.clock, () => this.dispatch({ kind: 'due' }))
    this.#machine = new RunningMachine<OwnMetaState, OwnMetaEvent, OwnMetaEffect>(
      INITIAL_OWN_META,
      (state, event) => stepOwnMeta(state, event, { intervalMs: options.updateIntervalMs }),
      (effect) => this.#perform(effect),
    )
  }

  dispatch(event: OwnMetaEvent): void {
    this.#machine.dispatch(event)
  }

  submit(change: MetaChange): Promise<void> {
    const ticket = ++this.#lastTicket
    const { clock, timeoutMs } = this.#options
    const waiter = new Waiter<void>(clock, timeoutMs, () => {
      const what = `The update of our presence in "${this.#topic}"`
      this.#settle(
        [ticket],
        timeoutError(what, timeoutMs, 'It stays wanted, and goes out once the channel is joined.'),
      )
    })
    this.#waiters.set(ticket, waiter)
    this.dispatch({ kind: 'submit', edit: editOf(change), ticket })
    // What the presence says is seen in the map: an update may be made in passing.
    return waiter.markHandled().promise
  }

  /** Those who wait are told; what they wanted stays wanted. */
  fail(error: unknown): void {
    this.#settle([...this.#waiters.keys()], error)
  }

  /** The payload of a join, its `meta` brought up to what the server has accepted since. (C-11) */
  payloadOf(payload: JsonObject): JsonObject {
    const { accepted } = this.#machine.state
    if (accepted === null) return payload
    const meta = field(payload, 'meta')
    return { ...payload, meta: applyEdit(isJsonObject(meta) ? meta : {}, accepted) }
  }

  #perform(effect: OwnMetaEffect): void {
    switch (effect.kind) {
      case 'timer':
        return this.#timer.set(effect.delayMs)
      case 'settle':
        return this.#settle(effect.tickets, effect.error)
      case 'send': {
        const { id } = effect
        const answered = (error: unknown) =>
          this.dispatch({ kind: 'answered', id, error, retryAfterMs: retryAfterOf(error) })
        Promise.all(effect.changes.map(this.#request)).then(() => answered(null), answered)
      }
    }
  }

  #settle(tickets: readonly number[], error: unknown): void {
    for (const ticket of tickets) {
      const waiter = this.#waiters.get(ticket)
      this.#waiters.delete(ticket)
      if (error === null) waiter?.resolve()
      else waiter?.reject(error)
    }
  }
}

/** How long the server asks to wait, where it is only too much for it; null for every other answer. */
function retryAfterOf(error: unknown): number | null {
  const isThrottled =
    error instanceof RollcallError && error.reason === 'throttled' && error.response !== null
  return isThrottled ? readRefusal(error.response).retryAfterMs : null
}

import { type Fault, fault, type JsonObject, type Payload, type Topic } from '@rollcall/shared-protocol'

/** A channel's way of saying no. Made by {@link refuse} or {@link refuseWith}. */
export class Refusal {
  readonly fault: Fault

  constructor(problem: Fault) {
    this.fault = problem
  }
}

/**
 * What a `join` or a handler answers: JSON (or bytes) for an `ok` reply, nothing for an empty one, or a {@link Refusal}.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the common case.
export type Reply = Payload | undefined | void | Refusal

/**
 * Refuses with the application's own reason, which arrives as `{reason, ...details}` in an `error` reply.
 *
 * @example
 * join: (ctx) => (isFull(ctx.topic) ? refuse('room_full', { seats: 8 }) : undefined)
 */
export function refuse(reason: string, details: JsonObject = {}): Refusal {
  return new Refusal(fault('refused', 'The channel refused.', { reason, details }))
}

/** Passes on a fault, such as that of a `track` which broke a limit. */
export function refuseWith(problem: Fault): Refusal {
  return new Refusal(problem)
}

export function notJoined(topic: Topic): Fault {
  return fault('not_joined', `The session is not in ${JSON.stringify(topic)}.`)
}

export function unknownEvent(topic: Topic, event: string): Fault {
  const text = `The channel of ${JSON.stringify(topic)} has no handler for the event ${JSON.stringify(event)}.`
  return fault('unknown_event', text)
}

export function tooManyWaiting(maxWaitingMessages: number, handlerTimeoutMs: number): Fault {
  // By when some of those that wait are likely done.
  const retryAfterMs = Math.min(1000, handlerTimeoutMs)
  const text = `${maxWaitingMessages} messages of this channel wait already (server option maxWaitingMessages).`
  return fault('throttled', text, { retryAfterMs })
}

export function storeSilent(topic: Topic, timeoutMs: number): Fault {
  const text = `The store did not say within ${timeoutMs} ms (server option storeTimeoutMs) who is in ${JSON.stringify(topic)}; join again.`
  return fault('store_unavailable', text, { retryAfterMs: 1000 })
}

export function readOnly(topic: Topic): Fault {
  return fault('unauthorized', `This session may read in ${JSON.stringify(topic)}, and say nothing.`)
}

/** The session may only read, and the server has forgotten what it showed in some topic. */
export function shownTooMuch(topic: Topic): Fault {
  const text = `This session has been present in more topics where it may only read than the server remembers. It may read in ${JSON.stringify(topic)} and is not shown there; connect anew to be shown.`
  return fault('unauthorized', text)
}

export function replaced(): Fault {
  return fault('replaced', 'A newer join of the same topic took over.')
}

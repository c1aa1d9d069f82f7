import { type Fault, fault, type JsonObject, type Payload, type Topic } from '@rollcall/shared-protocol'

/** The refusal of a join or a message by a channel. Create it with {@link refuse} or {@link refuseWith}. */
export class Refusal {
  readonly fault: Fault

  constructor(problem: Fault) {
    this.fault = problem
  }
}

/**
 * The result of a `join` or a handler: JSON or bytes for an `ok` reply, nothing for an empty one, or a {@link Refusal}.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the common case.
export type Reply = Payload | undefined | void | Refusal

/**
 * Refuses with the application's own reason. The client receives `{reason, ...details}` in an `error` reply.
 *
 * @example
 * join: (ctx) => (isFull(ctx.topic) ? refuse('room_full', { seats: 8 }) : undefined)
 */
export function refuse(reason: string, details: JsonObject = {}): Refusal {
  return new Refusal(fault('refused', 'The channel refused.', { reason, details }))
}

/** Refuses with a fault, such as that of a `track` that exceeded a limit. */
export function refuseWith(problem: Fault): Refusal {
  return new Refusal(problem)
}

export function notJoined(topic: Topic): Fault {
  return fault('not_joined', `The session is not in ${JSON.stringify(topic)}; join it first.`)
}

export function unknownEvent(topic: Topic, event: string): Fault {
  const text = `The channel of ${JSON.stringify(topic)} has no handler for the event ${JSON.stringify(event)}.`
  return fault('unknown_event', text)
}

export function tooManyWaiting(maxWaitingMessages: number, handlerTimeoutMs: number): Fault {
  // Until then, some of the messages that wait are likely handled.
  const retryAfterMs = Math.min(1000, handlerTimeoutMs)
  const text = `${maxWaitingMessages} messages of this channel already wait (server option maxWaitingMessages); try again in ${retryAfterMs} ms.`
  return fault('throttled', text, { retryAfterMs })
}

export function storeSilent(topic: Topic, timeoutMs: number): Fault {
  const text = `The store did not report the presences in ${JSON.stringify(topic)} within ${timeoutMs} ms (server option storeTimeoutMs); join again.`
  return fault('store_unavailable', text, { retryAfterMs: 1000 })
}

export function readOnly(topic: Topic): Fault {
  return fault(
    'unauthorized',
    `This session may only read in ${JSON.stringify(topic)}; it cannot send events or change its presence.`,
  )
}

/** For a session that may only read: the server no longer knows which presence it showed in some topic. */
export function shownTooMuch(topic: Topic): Fault {
  const text = `This session was present in more read-only topics than the server remembers. It may read in ${JSON.stringify(topic)} but is not shown there; open a new connection to be shown.`
  return fault('unauthorized', text)
}

export function replaced(): Fault {
  return fault('replaced', 'A newer join of the same topic took over.')
}

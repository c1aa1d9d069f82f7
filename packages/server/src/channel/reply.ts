import { type Fault, fault, type JsonObject, type Payload } from '@rollcall/shared-protocol'

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

import type { JsonObject, Topic } from '@rollcall/shared-protocol'
import { notAnObject, refuse } from './json-argument'

/** What goes along with a join, as JSON. The default channel of the server tracks its `meta`. */
export type JoinPayload = { readonly [name: string]: unknown } | (() => { readonly [name: string]: unknown })

/** The payload of one join. Throws `invalid_argument`, or what the application's function throws. */
export function makeJoinPayload(topic: Topic, payload: JoinPayload): JsonObject {
  const made: unknown = typeof payload === 'function' ? payload() : payload
  refuse(notAnObject(`The payload of the join of "${topic}"`, made))
  return made as JsonObject
}

/** Throws for a payload that can't be sent. What a function makes is checked at each join. */
export function checkJoinPayload(topic: Topic, payload: unknown): void {
  if (typeof payload !== 'function') refuse(notAnObject(`The payload of the join of "${topic}"`, payload))
}

import { isJsonObject, type JsonObject, type Topic } from '@rollcall/shared-protocol'
import { invalidArgument } from './errors'

/** What goes along with a join, as JSON. The default channel of the server tracks its `meta`. */
export type JoinPayload = { readonly [name: string]: unknown } | (() => { readonly [name: string]: unknown })

/** The payload of one join. Throws `invalid_argument`, or what the application's function throws. */
export function makeJoinPayload(topic: Topic, payload: JoinPayload): JsonObject {
  const made: unknown = typeof payload === 'function' ? payload() : payload
  if (isJsonObject(made)) return made
  throw invalidArgument(
    `The payload of the join of "${topic}" must be an object, not ${JSON.stringify(made)}.`,
  )
}

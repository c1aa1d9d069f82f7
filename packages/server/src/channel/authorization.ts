import type { Topic } from '@rollcall/shared-protocol'
import type { Identity } from '../identity/identity'
import { Refusal } from './reply'

/** What a session may do in a topic. What is left out it may do. */
export interface Access {
  /** It is told what happens, and says nothing: its events and the updates of its meta are answered `unauthorized`. */
  readonly readOnly?: boolean | undefined
  /** It is told who is there, and nobody is told of it: what it tracks is kept, and not shown. */
  readonly invisible?: boolean | undefined
}

/** Whom `authorize` decides over. */
export interface AuthorizeContext {
  readonly topic: Topic
  /** Who the session is now. */
  readonly identity: Identity
  readonly sessionId: string
  /** Connect params, as the client sent them last: strings from a stranger. */
  readonly params: ReadonlyMap<string, string>
  /** What the application remembers of the session. */
  readonly assigns: Map<string, unknown>
}

/** What `authorize` answers: what the session may do, nothing for everything, or a refusal. */
// biome-ignore lint/suspicious/noConfusingVoidType: one that returns nothing lets everybody do everything.
export type AuthorizeResult = Access | Refusal | undefined | void

/** Says what a session may do in a topic. See `authorize` in {@link ChannelDefinition}. */
export type Authorize = (ctx: AuthorizeContext) => AuthorizeResult | Promise<AuthorizeResult>

/**
 * What was answered, as data of our own; null for everything. Throws for what is no answer: a `false` that was meant as
 * a refusal must not let anybody in.
 */
export function checkAuthorization(answer: unknown): Access | Refusal | null {
  if (answer === undefined) return null
  if (answer instanceof Refusal) {
    // What could not be sent is noticed here, and not where it would take other messages with it.
    JSON.stringify(answer.fault)
    return answer
  }
  if (typeof answer !== 'object' || answer === null) throw notAnAnswer(answer)
  const { readOnly, invisible, ...more } = answer as { readOnly?: unknown; invisible?: unknown }
  if (Array.isArray(answer) || Object.keys(more).length > 0) throw notAnAnswer(answer)
  if (!isOptionalBoolean(readOnly) || !isOptionalBoolean(invisible)) throw notAnAnswer(answer)
  return readOnly || invisible ? { readOnly, invisible } : null
}

function isOptionalBoolean(value: unknown): value is boolean | undefined {
  return value === undefined || typeof value === 'boolean'
}

function notAnAnswer(answer: unknown): TypeError {
  // Its type alone: a value may be something that belongs in no log.
  const got = answer === null ? 'null' : Array.isArray(answer) ? 'array' : typeof answer
  return new TypeError(
    `authorize answers with {readOnly, invisible}, with nothing, or with a refusal, not with a value of type ${got}.`,
  )
}

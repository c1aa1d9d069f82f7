import type { Topic } from '@rollcall/shared-protocol'
import type { Identity } from '../identity/identity'
import { Refusal } from './reply'

/** Restrictions of a session in a topic. Everything that is left out is allowed. */
export interface Access {
  /** It receives everything, and its events and presence updates are refused with `unauthorized`. */
  readonly readOnly?: boolean | undefined
  /** It sees the others, and nobody sees it: the server keeps what it tracks and shows it to nobody. */
  readonly invisible?: boolean | undefined
}

/** The session and topic that `authorize` decides about. */
export interface AuthorizeContext {
  readonly topic: Topic
  /** The session's current identity. */
  readonly identity: Identity
  readonly sessionId: string
  /** The client's latest connect params. They are unchecked strings. */
  readonly params: ReadonlyMap<string, string>
  /** The application's own values for the session. */
  readonly assigns: Map<string, unknown>
}

/** The result of `authorize`: restrictions, nothing to allow everything, or a refusal. */
// biome-ignore lint/suspicious/noConfusingVoidType: an authorize that returns nothing allows everything.
export type AuthorizeResult = Access | Refusal | undefined | void

/** Decides what a session may do in a topic. See `authorize` in {@link ChannelDefinition}. */
export type Authorize = (ctx: AuthorizeContext) => AuthorizeResult | Promise<AuthorizeResult>

/**
 * Checks and copies the result of `authorize`; null allows everything. Throws for any other value: a `false` that was
 * meant as a refusal must not let anybody in.
 */
export function checkAuthorization(result: unknown): Access | Refusal | null {
  if (result === undefined) return null
  if (result instanceof Refusal) {
    // Throws for a fault that JSON cannot hold. Found only at the send, it would fail other messages too.
    JSON.stringify(result.fault)
    return result
  }
  if (typeof result !== 'object' || result === null) throw invalidResult(result)
  const { readOnly, invisible, ...more } = result as { readOnly?: unknown; invisible?: unknown }
  if (Array.isArray(result) || Object.keys(more).length > 0) throw invalidResult(result)
  if (!isOptionalBoolean(readOnly) || !isOptionalBoolean(invisible)) throw invalidResult(result)
  return readOnly || invisible ? { readOnly, invisible } : null
}

function isOptionalBoolean(value: unknown): value is boolean | undefined {
  return value === undefined || typeof value === 'boolean'
}

function invalidResult(result: unknown): TypeError {
  // Only its type: the value may be secret and must not reach a log.
  const got = result === null ? 'null' : Array.isArray(result) ? 'array' : typeof result
  return new TypeError(
    `authorize must return {readOnly, invisible}, nothing, or a refusal, not a value of type ${got}.`,
  )
}

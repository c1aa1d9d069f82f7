import type { JsonObject } from './json'
import type { Limits } from './limits'
import { utf8Bytes } from './utf8'

/** One code of a fault. `isRetryable` means that the same request may succeed later, unchanged. */
export interface ErrorCodeEntry {
  readonly meaning: string
  readonly isRetryable: boolean
}

/** Every code that a fault can carry. Each has a heading in `docs/reference/errors.md`. */
export const ERROR_CODES = {
  malformed_frame: {
    meaning: 'The frame is not JSON in the form that the dialect requires.',
    isRetryable: false,
  },
  invalid_message: {
    meaning: 'The JSON is well formed, but a field is missing or of the wrong type.',
    isRetryable: false,
  },
  invalid_text: { meaning: 'A name contains a forbidden character.', isRetryable: false },
  binary_unsupported: { meaning: 'The dialect has no binary frames.', isRetryable: false },
  limit_exceeded: { meaning: 'A length, depth or count exceeds a limit.', isRetryable: false },
  capacity_exceeded: {
    meaning: 'The node, or this identity on it, has reached its limit of presences.',
    isRetryable: true,
  },
  unmatched_topic: { meaning: 'No channel of this server serves the topic.', isRetryable: false },
  not_joined: { meaning: 'The session is not in the topic that it sent to.', isRetryable: false },
  not_tracked: {
    meaning: 'The session has no presence in the topic to update.',
    isRetryable: false,
  },
  unknown_event: { meaning: 'The channel has no handler for the event.', isRetryable: false },
  reserved_event: { meaning: 'The event name belongs to the protocol.', isRetryable: false },
  refused: { meaning: "The channel refused, for the application's own reason.", isRetryable: false },
  replaced: { meaning: 'A newer join of the same topic replaced this one.', isRetryable: false },
  handler_failed: { meaning: "The application's handler threw.", isRetryable: true },
  handler_timeout: { meaning: "The application's handler did not finish in time.", isRetryable: true },
  throttled: { meaning: 'Too many messages. Wait `retry_after_ms`.', isRetryable: true },
  store_unavailable: { meaning: 'The store cannot take the change now.', isRetryable: true },
  unauthorized: {
    meaning: 'The server does not know the client, or the identity is not allowed to do this.',
    isRetryable: false,
  },
  closing: { meaning: 'The server is shutting down.', isRetryable: true },
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES

type RetryableCode = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['isRetryable'] extends true ? C : never
}[ErrorCode]

/** Separate from the table, so that a page does not download the sentences. One code too many or too few does not compile. */
const RETRYABLE_CODES: Readonly<Record<RetryableCode, true>> = {
  capacity_exceeded: true,
  handler_failed: true,
  handler_timeout: true,
  throttled: true,
  store_unavailable: true,
  closing: true,
}

/** Whether the same request may succeed later, unchanged. False for reasons that the application made up. */
export function isRetryable(code: string): boolean {
  return Object.hasOwn(RETRYABLE_CODES, code)
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

/** Untrusted input broke a rule. Data, to be answered on the wire; what our own API throws is an error instead. */
export interface Fault {
  readonly code: ErrorCode
  /** One sentence for a person: what happened, the value, what to do. Never a stack trace. */
  readonly message: string
  /** The limit that was broken, the most it allows, what came, and the server option that sets it. */
  readonly limit?: LimitBreach
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfterMs?: number
  /** The application's own reason, where `code` is `refused`. */
  readonly reason?: string
  /** More of the application's own, merged into the answer. */
  readonly details?: JsonObject
}

export interface LimitBreach {
  readonly name: keyof Limits
  readonly max: number
  readonly actual: number
}

/** The option of `createServer` that sets a limit. */
export function limitOption(name: keyof Limits): string {
  return `limits.${name}`
}

export function fault(code: ErrorCode, message: string, more?: Omit<Fault, 'code' | 'message'>): Fault {
  return { code, message, ...more }
}

/** Returns the fault of a text that has more UTF-8 bytes than the limit; null if it fits. */
export function checkBytes(what: string, text: string, name: keyof Limits, limits: Limits): Fault | null {
  const max = limits[name]
  // A UTF-16 unit takes at most three bytes, so most texts need no count.
  if (text.length * 3 <= max) return null
  const actual = utf8Bytes(text)
  return actual <= max ? null : limitFault(`${what} takes ${actual} bytes`, name, max, actual)
}

export function limitFault(what: string, name: keyof Limits, max: number, actual: number): Fault {
  return fault('limit_exceeded', `${what}; the limit is ${max} (server option ${limitOption(name)}).`, {
    limit: { name, max, actual },
  })
}

/**
 * A fault as the body of an error reply, the same in every dialect:
 * `{reason, message, limit?, max?, actual?, option?, retry_after_ms?}`.
 */
export function faultBody(value: Fault): JsonObject {
  const body: JsonObject = { ...value.details, reason: value.reason ?? value.code, message: value.message }
  if (value.limit) {
    body.limit = value.limit.name
    body.max = value.limit.max
    body.actual = value.limit.actual
    body.option = limitOption(value.limit.name)
  }
  if (value.retryAfterMs !== undefined) body.retry_after_ms = value.retryAfterMs
  return body
}

/** The outcome of reading untrusted input: a value, or the fault to reply with. Nothing is thrown. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault }

export function success<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function failure(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault }
}

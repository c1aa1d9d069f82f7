import type { JsonObject } from './json'
import type { Limits } from './limits'
import { utf8Bytes } from './utf8'

/** What a fault's code says to a program. `isRetryable`: the same request may succeed later, unchanged. */
export interface ErrorCodeEntry {
  readonly meaning: string
  readonly isRetryable: boolean
}

/** Every code that a fault can carry. Each has a heading in `docs/reference/errors.md`. */
export const ERROR_CODES = {
  malformed_frame: { meaning: 'The frame is not the JSON that the dialect prescribes.', isRetryable: false },
  invalid_message: {
    meaning: 'The JSON is well formed, but a field is missing or of the wrong type.',
    isRetryable: false,
  },
  invalid_text: { meaning: 'A name holds a character that no name may have.', isRetryable: false },
  binary_unsupported: { meaning: 'The dialect has no binary frames.', isRetryable: false },
  limit_exceeded: { meaning: 'Something is longer, deeper or more than a limit allows.', isRetryable: false },
  capacity_exceeded: {
    meaning: 'The node holds as many presences as it may, in all or of this identity.',
    isRetryable: true,
  },
  unmatched_topic: { meaning: 'No channel of this server serves the topic.', isRetryable: false },
  not_joined: { meaning: 'The session is not in the topic that it sent to.', isRetryable: false },
  not_tracked: {
    meaning: 'The session has no presence in the topic that it could update.',
    isRetryable: false,
  },
  unknown_event: { meaning: 'The channel has no handler for the event.', isRetryable: false },
  reserved_event: { meaning: 'The event name belongs to the protocol.', isRetryable: false },
  refused: { meaning: "The channel refused, for the application's own reason.", isRetryable: false },
  replaced: { meaning: 'A newer join of the same topic took this one over.', isRetryable: false },
  handler_failed: { meaning: "The application's handler threw.", isRetryable: true },
  handler_timeout: { meaning: "The application's handler did not finish in time.", isRetryable: true },
  throttled: { meaning: 'Too many messages; wait `retry_after_ms`.', isRetryable: true },
  store_unavailable: { meaning: 'The store cannot take the change now.', isRetryable: true },
  unauthorized: {
    meaning: 'The server does not know who this is, or the identity may not do this.',
    isRetryable: false,
  },
  closing: { meaning: 'The server is shutting down.', isRetryable: true },
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES

type RetryableCode = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['isRetryable'] extends true ? C : never
}[ErrorCode]

/** Beside the table, so that a page carries no sentences that it never shows. One too many or too few does not compile. */
const RETRYABLE_CODES: Readonly<Record<RetryableCode, true>> = {
  capacity_exceeded: true,
  handler_failed: true,
  handler_timeout: true,
  throttled: true,
  store_unavailable: true,
  closing: true,
}

/** Whether the same request may succeed later, unchanged. A reason of the application's own: no. */
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

/** The fault for a text that takes more bytes than the limit, or `null` where it fits. */
export function checkBytes(what: string, text: string, name: keyof Limits, limits: Limits): Fault | null {
  const max = limits[name]
  // A UTF-16 unit takes one to three bytes: the count is needed only in between.
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

/** What came of handling untrusted input: a value, or the fault to answer with. Never an exception. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault }

export function success<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function failure(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault }
}

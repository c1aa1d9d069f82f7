import type { ErrorCode } from './error-code'
import type { JsonObject } from './json'
import type { Limits } from './limits'
import { utf8Bytes } from './utf8'

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

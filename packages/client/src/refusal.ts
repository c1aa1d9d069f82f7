import { field, isRetryable, type JsonObject } from '@rollcall/shared-protocol'
import { LONGEST_DELAY_MS } from './async/backoff'
import { RollcallError, type RollcallErrorCode } from './errors'

/** An error reply of the server. */
interface RefusalReply {
  /** A code of the protocol or a reason of the application; null if the server gave none. */
  readonly reason: string | null
  /** The server's message for people; without one, the reason. */
  readonly message: string
  /** Whether the same request may succeed later, unchanged. */
  readonly isRetryable: boolean
  /** Milliseconds to wait before that; 0 if the server gave none. Never more than a timer can wait. */
  readonly retryAfterMs: number
  readonly response: JsonObject
}

/** Reads the body of an error reply. Its fields may be missing or of any type. */
export function readRefusal(response: JsonObject): RefusalReply {
  const reason = textOf(response, 'reason') ?? null
  const retryAfter = field(response, 'retry_after_ms')
  return {
    reason,
    message: textOf(response, 'message') ?? reason ?? 'it gave no reason',
    isRetryable: reason !== null && isRetryable(reason),
    retryAfterMs:
      typeof retryAfter === 'number' && retryAfter > 0 ? Math.min(retryAfter, LONGEST_DELAY_MS) : 0,
    response,
  }
}

/** @param problem - The beginning of a sentence, such as `The server refused the connection`. */
export function refusalError(code: RollcallErrorCode, problem: string, refusal: RefusalReply): RollcallError {
  const { reason, message, response } = refusal
  const why = reason === null || message === reason ? message : `${reason} (${message})`
  return new RollcallError(code, `${problem}: ${why}`, reason === null ? { response } : { reason, response })
}

function textOf(response: JsonObject, name: string): string | undefined {
  const value = field(response, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

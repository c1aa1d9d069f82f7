import { field, isRetryable, type JsonObject } from '@rollcall/shared-protocol'
import { LONGEST_DELAY_MS } from './async/backoff'
import { RollcallError, type RollcallErrorCode } from './errors'

/** What a server's error reply says to a program. */
export interface RefusalReply {
  /** A code of the protocol, or the application's own reason; null where the server gave none. */
  readonly reason: string | null
  /** The server's sentence for people, or else the reason. */
  readonly message: string
  /** Whether the same request may succeed later, unchanged. */
  readonly isRetryable: boolean
  /** Milliseconds to wait before that, as far as a timer can; 0 where the server did not say. */
  readonly retryAfterMs: number
  readonly response: JsonObject
}

/** Reads the body of an error reply, of which nothing is certain but that it is an object. */
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

/** The refusal as an error: `what` is the beginning of a sentence, such as `The server refused to let us in`. */
export function refusalError(code: RollcallErrorCode, what: string, refusal: RefusalReply): RollcallError {
  const { reason, message, response } = refusal
  const why = reason === null || message === reason ? message : `${reason} (${message})`
  return new RollcallError(code, `${what}: ${why}`, reason === null ? { response } : { reason, response })
}

function textOf(response: JsonObject, name: string): string | undefined {
  const value = field(response, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

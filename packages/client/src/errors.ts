import type { JsonObject } from '@rollcall/shared-protocol'

/** The codes of {@link RollcallError} and their meanings. */
export const CLIENT_ERROR_CODES = {
  invalid_argument: 'An argument or an option cannot be used. Nothing was started or sent.',
  timeout: 'No reply came in time. If the message was sent, the server may have acted on it.',
  disconnected: 'The connection ended before the reply came.',
  refused: 'The server refused a join or the connection. `reason` says why.',
  push_failed: 'The server replied to a push or an update with an error. `reason` says why.',
  queue_full:
    'Too many pushes already wait for a join (option `maxQueuedPushes`), or too large a patch of the presence.',
  left: 'The channel was left, or the server ended it. `reason` says why.',
  replaced: 'A newer join of the same topic replaced this one.',
  kicked: 'The server removed this client from the channel, or ended the session.',
  params_failed: 'The function `params` or `authToken` threw, so there are no credentials to connect with.',
  expired: 'The credentials have expired, and there are no newer ones. Sign in again, then call `connect()`.',
  unsupported: "The socket's dialect has no such call. Nothing was sent.",
  protocol_fault:
    'The client did not understand a frame of the server, or the server a frame of this client.',
} as const satisfies Record<string, string>

export type RollcallErrorCode = keyof typeof CLIENT_ERROR_CODES

export interface RollcallErrorDetails {
  readonly reason?: string
  readonly response?: JsonObject
  readonly cause?: unknown
}

/**
 * The error of every failure in this package. Programs read `code`; `message` is for people.
 *
 * @example
 * ```ts
 * import { type Channel, RollcallError } from '@rollcall/client'
 *
 * export async function send(channel: Channel, body: string): Promise<string> {
 *   try {
 *     await channel.push('new_msg', { body })
 *     return 'sent'
 *   } catch (error) {
 *     if (error instanceof RollcallError && error.code === 'push_failed') return `refused: ${error.reason}`
 *     return 'try again'
 *   }
 * }
 * ```
 */
export class RollcallError extends Error {
  override readonly name = 'RollcallError'
  readonly code: RollcallErrorCode
  /** The server's reason, such as `limit_exceeded` or one of the application's own; `null` if it gave none. */
  readonly reason: string | null
  /** The body of the server's reply; `null` if there was none. */
  readonly response: JsonObject | null

  constructor(code: RollcallErrorCode, message: string, details: RollcallErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.reason = details.reason ?? null
    this.response = details.response ?? null
  }
}

/** Wraps something that was thrown. A {@link RollcallError} is returned as it is. */
export function asRollcallError(
  thrown: unknown,
  code: RollcallErrorCode,
  describe: (detail: string) => string,
): RollcallError {
  if (thrown instanceof RollcallError) return thrown
  const detail = thrown instanceof Error ? thrown.message : String(thrown)
  return new RollcallError(code, describe(detail), { cause: thrown })
}

export function invalidArgument(message: string, cause?: unknown): RollcallError {
  return new RollcallError('invalid_argument', message, { cause })
}

export function leftError(topic: string): RollcallError {
  return new RollcallError('left', `The channel of "${topic}" was left. Call join() to join it again.`)
}

/** @param what - The subject of a sentence, such as `The push "new_msg"`. */
export function timeoutError(what: string, timeoutMs: number, advice: string): RollcallError {
  return new RollcallError('timeout', `${what} got no reply within ${timeoutMs} ms. ${advice}`)
}

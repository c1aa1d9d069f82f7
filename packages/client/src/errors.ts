import type { JsonObject } from '@rollcall/shared-protocol'

/** Every code of a {@link RollcallError} that the client makes, and what it means. */
export const CLIENT_ERROR_CODES = {
  invalid_argument: 'An argument or an option cannot be used. Nothing was started or sent.',
  timeout: 'No answer came in time. Whether the server acted is unknown, unless nothing had been sent.',
  disconnected: 'The connection ended, or was ended, before the answer came.',
  refused: 'The server refused a join, or the connection, for the reason in `reason`.',
  push_failed: 'The server answered a push or an update with an error, for the reason in `reason`.',
  queue_full:
    'Too many pushes (option `maxQueuedPushes`) or too large a patch of a presence would wait for the connection.',
  left: 'The channel was left, or the server ended it, for the reason in `reason`.',
  replaced: 'A newer join of the same topic took the place of this one.',
  kicked: 'The server put this client out of the channel, or ended the session.',
  params_failed:
    'The function given as `params` or `authToken` threw, so that there was nothing to connect with.',
  expired:
    'What proved who this client is is over, and nothing newer was given. Sign in again, then connect.',
  unsupported: 'The server has no such thing in the dialect that this socket speaks. Nothing was sent.',
  protocol_fault: 'A frame was not understood: one of the server by us, or one of ours by the server.',
} as const satisfies Record<string, string>

export type RollcallErrorCode = keyof typeof CLIENT_ERROR_CODES

export interface RollcallErrorDetails {
  readonly reason?: string
  readonly response?: JsonObject
  readonly cause?: unknown
}

/**
 * What every failure of this package is. Tell them apart by `code`; `message` is for people.
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
  /** The server's reason, such as `limit_exceeded` or the application's own; `null` where it gave none. */
  readonly reason: string | null
  /** All that the server said with it; `null` where it said nothing. */
  readonly response: JsonObject | null

  constructor(code: RollcallErrorCode, message: string, details: RollcallErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.reason = details.reason ?? null
    this.response = details.response ?? null
  }
}

/** Whatever was thrown or rejected, as an error of this package: one that is already is returned as it is. */
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
  return new RollcallError('left', `The channel of "${topic}" was left; join it again first.`)
}

/** `what` waited `timeoutMs` in vain: the subject of a sentence, such as `The push "new_msg"`. */
export function timeoutError(what: string, timeoutMs: number, advice: string): RollcallError {
  return new RollcallError('timeout', `${what} was not answered within ${timeoutMs} ms. ${advice}`)
}

import { RollcallError, type RollcallErrorCode } from '../errors'
import type { CloseInfo } from './connection-state'

/*
 * Why a socket is not open, as errors for people.
 */

export function connectTimeoutError(phase: 'connecting' | 'handshaking', ms: number): RollcallError {
  return new RollcallError(
    'timeout',
    phase === 'connecting'
      ? `No connection within ${ms} ms (connectTimeoutMs). Check the address and the network.`
      : `The server accepted the connection and did not answer within ${ms} ms (connectTimeoutMs).`,
  )
}

const POLICY_VIOLATION = 1008
const KICKED = 4002
/** The one code that ends a session for good and not the socket: with other credentials it may come back. (C-35) */
export const EXPIRED_CODE = 4004

export function closeError(close: CloseInfo): RollcallError {
  switch (close.code) {
    case KICKED:
      return ended('kicked', 'The server ended the session', close)
    case POLICY_VIOLATION:
      return ended('refused', 'The server refused the connection', close)
    default:
      return endError(close)
  }
}

/** Whatever its code. */
export function endError(close: CloseInfo): RollcallError {
  return ended('disconnected', 'The connection ended', close)
}

function ended(code: RollcallErrorCode, what: string, close: CloseInfo): RollcallError {
  const { reason } = close
  const why = reason === '' ? `code ${close.code}` : `code ${close.code}: ${reason}`
  return new RollcallError(code, `${what} (${why}).`, reason === '' ? {} : { reason })
}

export function expiredError(): RollcallError {
  return new RollcallError(
    'expired',
    'What proved who we are is over, and there is nothing newer. Sign in again, then connect().',
  )
}

export function silenceError(): RollcallError {
  return new RollcallError('disconnected', 'The server went silent and did not answer a heartbeat.')
}

export function suspendedError(): RollcallError {
  return new RollcallError(
    'disconnected',
    'The browser suspended the page. It connects again when the page goes on.',
  )
}

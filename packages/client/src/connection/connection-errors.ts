import { RollcallError, type RollcallErrorCode } from '../errors'
import type { CloseInfo } from './connection-state'

/*
 * The errors that say why a socket is not open.
 */

export function connectTimeoutError(phase: 'connecting' | 'handshaking', ms: number): RollcallError {
  return new RollcallError(
    'timeout',
    phase === 'connecting'
      ? `No connection within ${ms} ms (connectTimeoutMs). Check the address.`
      : `The server accepted the connection, but did not reply within ${ms} ms (connectTimeoutMs).`,
  )
}

const POLICY_VIOLATION = 1008
const KICKED = 4002
/** Ends the session, but not the socket, which may connect again with other credentials. (C-35) */
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

/** For a dialect without close codes of its own. */
export function endError(close: CloseInfo): RollcallError {
  return ended('disconnected', 'The connection ended', close)
}

function ended(code: RollcallErrorCode, event: string, close: CloseInfo): RollcallError {
  const { reason } = close
  const why = reason === '' ? `code ${close.code}` : `code ${close.code}: ${reason}`
  return new RollcallError(code, `${event} (${why}).`, reason === '' ? {} : { reason })
}

export function expiredError(): RollcallError {
  return new RollcallError(
    'expired',
    'The credentials have expired, and there are no newer ones. Sign in and call connect().',
  )
}

export function silenceError(): RollcallError {
  return new RollcallError('disconnected', 'The server did not answer a heartbeat.')
}

export function suspendedError(): RollcallError {
  return new RollcallError('disconnected', 'The browser suspended the page. The socket reconnects with it.')
}

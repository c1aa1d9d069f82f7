import { RollcallError } from '../errors'
import type { CloseInfo } from './socket-state'

/*
 * Why a socket is not open, as errors for people.
 */

export function connectTimeoutError(phase: 'connecting' | 'greeting', ms: number): RollcallError {
  return new RollcallError(
    'timeout',
    phase === 'connecting'
      ? `No connection within ${ms} ms (connectTimeoutMs). Check the address and the network.`
      : `The server accepted the connection and did not answer within ${ms} ms (connectTimeoutMs).`,
  )
}

const POLICY_VIOLATION = 1008
const KICKED = 4002

export function closeError({ code, reason }: CloseInfo): RollcallError {
  const why = reason === '' ? `code ${code}` : `code ${code}: ${reason}`
  const details = reason === '' ? {} : { reason }
  switch (code) {
    case KICKED:
      return new RollcallError('kicked', `The server ended the session (${why}).`, details)
    case POLICY_VIOLATION:
      return new RollcallError('refused', `The server refused the connection (${why}).`, details)
    default:
      return new RollcallError('disconnected', `The connection ended (${why}).`, details)
  }
}

export function silenceError(): RollcallError {
  return new RollcallError('disconnected', 'The server went silent and did not answer a heartbeat.')
}

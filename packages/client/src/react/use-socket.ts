import { useContext } from 'react'
import { invalidArgument } from '../errors'
import type { Socket } from '../socket'
import { SocketContext } from './socket-context'

/**
 * The socket of the provider above.
 * @throws {RollcallError} `invalid_argument` outside of a provider.
 */
export function useSocket(): Socket {
  const socket = useContext(SocketContext)
  if (socket === null) {
    throw invalidArgument(
      'A Rollcall hook was used outside of <RollcallProvider>; render one above the component.',
    )
  }
  return socket
}

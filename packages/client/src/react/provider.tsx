import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react'
import { inMicrotask } from '../async/timer'
import { invalidArgument } from '../errors'
import { Socket, type SocketOptions } from '../socket'

/** The socket that {@link RollcallProvider} hands down; `null` outside of one. */
export const SocketContext = createContext<Socket | null>(null)

export type RollcallProviderProps = { readonly children?: ReactNode } & (
  | {
      /** A socket of yours: you connect and disconnect it. */
      readonly socket: Socket
    }
  | {
      /** Where to connect, such as `wss://example.org/socket`: the provider owns the socket. */
      readonly url: string
      /** Read when the socket is made: at the first render, and when `url` changes. */
      readonly options?: SocketOptions
    }
)

/**
 * Gives the hooks below it their socket: yours, or one that is connected while the provider is mounted.
 *
 * @example
 * ```tsx
 * import { RollcallProvider, useChannel, usePresence } from '@rollcall/client/react'
 *
 * function Count() {
 *   const { channel } = useChannel('room:lobby')
 *   return <p>{usePresence(channel, (view) => view.size)} here</p>
 * }
 *
 * export const App = () => (
 *   <RollcallProvider url="ws://localhost:9090/socket" options={{ params: { user_id: 'ada' } }}>
 *     <Count />
 *   </RollcallProvider>
 * )
 * ```
 */
export function RollcallProvider(props: RollcallProviderProps): ReactNode {
  if ('socket' in props)
    return <SocketContext.Provider value={props.socket}>{props.children}</SocketContext.Provider>
  return <OwnedSocket {...props} />
}

function OwnedSocket({
  url,
  options,
  children,
}: Extract<RollcallProviderProps, { readonly url: string }>): ReactNode {
  // Made while rendering, so that children have it at once, and on a server too: a socket does nothing until it is
  // asked to connect.
  const [owned, setOwned] = useState(() => ({ url, socket: new Socket(url, options) }))
  if (owned.url !== url) setOwned({ url, socket: new Socket(url, options) })
  const { socket } = owned

  const mounted = useRef<Socket>(null)
  useEffect(() => {
    mounted.current = socket
    socket.connect()
    return () => {
      mounted.current = null
      // Not at once: StrictMode unmounts and mounts again in one go, and that should not cost a connection.
      inMicrotask(() => {
        if (mounted.current !== socket) void socket.disconnect()
      })
    }
  }, [socket])

  return <SocketContext.Provider value={socket}>{children}</SocketContext.Provider>
}

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

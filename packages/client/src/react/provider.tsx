import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react'
import { inMicrotask } from '../async/timer'
import { invalidArgument } from '../errors'
import { Socket, type SocketOptions } from '../socket'

/** The socket of the nearest {@link RollcallProvider}; `null` without one. */
const SocketContext = createContext<Socket | null>(null)

export type RollcallProviderProps = { readonly children?: ReactNode } & (
  | {
      /** Your socket. You connect and disconnect it. */
      readonly socket: Socket
    }
  | {
      /** The address to connect to, such as `wss://example.org/socket`. The provider owns the socket. */
      readonly url: string
      /** Read when the provider makes the socket: at the first render, and when `url` changes. */
      readonly options?: SocketOptions
    }
)

/**
 * Provides the socket of the hooks below it: yours, or one that it connects while it is mounted.
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
  // Made while rendering, so that children have it at once, also on a server: a socket does nothing before connect().
  const [owned, setOwned] = useState(() => ({ url, socket: new Socket(url, options) }))
  if (owned.url !== url) setOwned({ url, socket: new Socket(url, options) })
  const { socket } = owned

  const mounted = useRef<Socket>(null)
  useEffect(() => {
    mounted.current = socket
    socket.connect()
    return () => {
      mounted.current = null
      // Later, because StrictMode unmounts and mounts again at once, which must not cost a connection.
      inMicrotask(() => {
        if (mounted.current !== socket) void socket.disconnect()
      })
    }
  }, [socket])

  return <SocketContext.Provider value={socket}>{children}</SocketContext.Provider>
}

/**
 * The socket of the nearest provider.
 * @throws {RollcallError} `invalid_argument` without a provider.
 */
export function useSocket(): Socket {
  const socket = useContext(SocketContext)
  if (socket === null) {
    throw invalidArgument(
      'A Rollcall hook was used outside of <RollcallProvider>. Render one above the component.',
    )
  }
  return socket
}

import { createContext } from 'react'
import type { Socket } from '../socket'

/** The socket that {@link RollcallProvider} hands down; `null` outside of one. */
export const SocketContext = createContext<Socket | null>(null)

import { type Channel, Socket } from '@rollcall/client'

/** What a test reads in a bare page. */
export interface BarePage extends Window {
  readonly socket: Socket
  readonly channel: Channel
}

/*
 * A page with nothing but a client in it, so that what is tested is the browser and not the demo. The address names who
 * it is: `/?u=ada`.
 */
const user = new URLSearchParams(location.search).get('u') ?? 'page'
const socket = new Socket('/socket', { params: { user_id: user } })
const channel = socket.channel('room:1', { meta: {} })
Object.assign(window, { socket, channel })
socket.connect()
channel.join().catch(() => {})

// What the snippets of the pages take for granted where they do not declare it themselves.

import type { Channel, Presence, Socket } from '@rollcall/client'
import type { ChannelContext, RollcallServer } from '@rollcall/server'

declare global {
  interface Person {
    readonly name: string
    readonly status?: 'online' | 'away' | 'busy'
    readonly typing?: boolean
  }
  const socket: Socket
  const channel: Channel<Person>
  const presence: Presence<Person>
  const server: RollcallServer
  const registry: RollcallServer['registry']
  const ctx: ChannelContext
  const session: { readonly id: string }
  function isFull(topic: string): boolean
}

import { type Channel, Socket } from '@rollcall/client'
import { createServer, RedisStore, type RollcallServer, referenceChannel } from '@rollcall/server'
import { onTestFinished } from 'vitest'
import { silent } from './member'
import type { RedisServer } from './redis-server'

/** A server in this process whose store is this Redis. The test ends it. */
export async function serverOver(
  redis: RedisServer,
  options: { readonly leaseTtlMs?: number } = {},
): Promise<{ readonly server: RollcallServer; readonly address: string }> {
  const store = new RedisStore({ connection: redis.url, logger: silent, ...options })
  const server = createServer({ port: 0, store, logger: silent, channels: [referenceChannel] })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  return { server, address: `ws://127.0.0.1:${port}/socket` }
}

export interface Guest {
  readonly socket: Socket
  readonly channel: Channel
  /** Whom they were told as gone, with the reason. */
  readonly left: readonly string[]
  /** Who is there, as they see it. */
  keys(): string[]
}

/** Somebody who has joined the lobby. The test ends them. */
export async function guestOf(address: string, name: string): Promise<Guest> {
  const guest = openGuest(address, name)
  await guest.channel.join()
  return guest
}

/** Somebody who is connecting, and has not joined. The test ends them. */
export function openGuest(address: string, name: string, topic = 'room:lobby'): Guest {
  const socket = new Socket(address, { params: { user_id: name } })
  onTestFinished(() => socket.disconnect())
  socket.connect()
  const channel = socket.channel(topic, { meta: { name } })
  const left: string[] = []
  channel.presence.on('leave', ({ key }, reason) => left.push(`${key} ${reason}`))
  const keys = () => [...channel.presence.keys()].sort()
  return { socket, channel, left, keys }
}

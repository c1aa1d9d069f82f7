// Presence on Bun's own server, whose topics are native: publishing is one call. Run by Bun.

import { serveCommands } from '../commands'

interface User {
  readonly id: string
  readonly [field: string]: string
}

interface Visitor {
  topic?: string
  user?: User
}

interface BunSocket {
  readonly data: Visitor
  send(text: string): number
  subscribe(topic: string): void
  publish(topic: string, text: string): number
}

interface BunServer {
  readonly port: number
  upgrade(request: Request, options: { data: Visitor }): boolean
  publish(topic: string, text: string): number
}

/** What of Bun's API is used here: its own types would take the place of Node's in the whole program. */
declare const Bun: {
  serve(options: {
    port: number
    hostname: string
    fetch(request: Request, server: BunServer): Response | undefined
    websocket: {
      open(socket: BunSocket): void
      message(socket: BunSocket, text: string): void
      close(socket: BunSocket): void
    }
  }): BunServer
}

const rooms = new Map<string, Map<BunSocket, User>>()

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, bun) {
    if (bun.upgrade(request, { data: {} })) return undefined
    return new Response('A WebSocket is wanted.', { status: 400 })
  },
  websocket: {
    open() {},
    message(socket, text) {
      const message = JSON.parse(text)
      const { topic } = socket.data
      if (message.type === 'join') join(socket, message.topic, message.user)
      else if (topic === undefined) return
      else if (message.type === 'msg')
        server.publish(topic, JSON.stringify({ type: 'msg', body: message.body }))
      else if (message.type === 'update') update(socket, topic, message.meta)
    },
    close(socket) {
      const { topic, user } = socket.data
      if (topic === undefined || !user) return
      rooms.get(topic)?.delete(socket)
      server.publish(topic, JSON.stringify({ type: 'leave', id: user.id }))
    },
  },
})

function join(socket: BunSocket, topic: string, user: User): void {
  const room = rooms.get(topic) ?? new Map<BunSocket, User>()
  rooms.set(topic, room)
  room.set(socket, user)
  socket.data.topic = topic
  socket.data.user = user
  socket.send(JSON.stringify({ type: 'state', users: [...room.values()] }))
  socket.publish(topic, JSON.stringify({ type: 'join', user }))
  socket.subscribe(topic)
}

function update(socket: BunSocket, topic: string, meta: Record<string, string>): void {
  const user = { ...(socket.data.user as User), ...meta }
  socket.data.user = user
  rooms.get(topic)?.set(socket, user)
  server.publish(topic, JSON.stringify({ type: 'update', user }))
}

serveCommands(server.port)

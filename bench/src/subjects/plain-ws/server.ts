// Presence on `ws` as one writes it first: a map of rooms, and one JSON message for each change to each member.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { serveCommands } from '../commands'

interface User {
  readonly id: string
  readonly [field: string]: string
}

const rooms = new Map<string, Map<WebSocket, User>>()
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })

const tell = (room: Map<WebSocket, User>, message: unknown, except?: WebSocket) => {
  const text = JSON.stringify(message)
  for (const socket of room.keys()) if (socket !== except) socket.send(text)
}

server.on('connection', (socket) => {
  let room: Map<WebSocket, User> | undefined

  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    if (message.type === 'join') {
      const { topic, user } = message
      room = rooms.get(topic) ?? new Map()
      rooms.set(topic, room)
      room.set(socket, user)
      socket.send(JSON.stringify({ type: 'state', users: [...room.values()] }))
      tell(room, { type: 'join', user }, socket)
    } else if (message.type === 'msg' && room) {
      tell(room, { type: 'msg', body: message.body })
    } else if (message.type === 'update' && room) {
      const user = { ...(room.get(socket) as User), ...message.meta }
      room.set(socket, user)
      tell(room, { type: 'update', user })
    }
  })

  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    const user = room?.get(socket)
    if (!room || !user) return
    room.delete(socket)
    tell(room, { type: 'leave', id: user.id })
  })
})

await once(server, 'listening')
serveCommands((server.address() as AddressInfo).port)

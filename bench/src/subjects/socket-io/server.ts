// Presence on Socket.IO as its users write it: a room, a map of users, one event for each change.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { serveCommands } from '../commands'

interface User {
  readonly id: string
  readonly [field: string]: string
}

const http = createServer()
const io = new Server(http, { transports: ['websocket'] })
const rooms = new Map<string, Map<string, User>>()

io.on('connection', (socket) => {
  let topic: string | undefined

  socket.on('join', (room: string, user: User, reply: (users: User[]) => void) => {
    topic = room
    const users = rooms.get(room) ?? new Map<string, User>()
    rooms.set(room, users)
    users.set(socket.id, user)
    socket.join(room)
    reply([...users.values()])
    socket.to(room).emit('user_joined', user)
  })

  socket.on('msg', (body: string) => {
    if (topic !== undefined) io.to(topic).emit('msg', body)
  })

  socket.on('update', (meta: Record<string, string>) => {
    if (topic === undefined) return
    const users = rooms.get(topic)
    const user = { ...(users?.get(socket.id) as User), ...meta }
    users?.set(socket.id, user)
    io.to(topic).emit('user_updated', user)
  })

  socket.on('disconnect', () => {
    if (topic === undefined) return
    const users = rooms.get(topic)
    const user = users?.get(socket.id)
    users?.delete(socket.id)
    if (user) socket.to(topic).emit('user_left', user.id)
  })
})

http.listen(0, '127.0.0.1')
await once(http, 'listening')
serveCommands((http.address() as AddressInfo).port)

// A benchmark must not flatter a server that is wrong.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { speeches } from '../subjects/speeches'
import { Crowd } from './crowd'
import { gather } from './gather'

const MEMBERS = 3

let server: WebSocketServer
let crowd: Crowd

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  crowd = new Crowd((server.address() as AddressInfo).port, process.pid, speeches['plain-ws'])
})

afterEach(async () => {
  for (const client of crowd.clients) client.destroy()
  for (const socket of server.clients) socket.terminate()
  await new Promise((resolve) => server.close(resolve))
})

/** Tells everybody, once all have joined, that these are there. */
function tellWhenJoined(idsOf: (joined: readonly string[]) => readonly string[]): void {
  const joined: string[] = []
  const sockets: WebSocket[] = []
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      joined.push(JSON.parse(String(data)).user.id)
      sockets.push(socket)
      if (joined.length < MEMBERS) return
      const text = JSON.stringify({ type: 'state', users: idsOf(joined).map((id) => ({ id })) })
      for (const member of sockets) member.send(text)
    })
  })
}

test('a server that tells who is there passes', async () => {
  tellWhenJoined((joined) => joined)
  await crowd.run(gather(crowd, { count: MEMBERS }))
})

test('one that tells of as many, but of others, does not', async () => {
  tellWhenJoined((joined) => joined.map((id) => `${id}-not`))
  await expect(crowd.run(gather(crowd, { count: MEMBERS }))).rejects.toThrow('The map of m0 is wrong')
})

test('one that cuts a client off does not', async () => {
  tellWhenJoined(() => [])
  server.on('connection', (socket) => socket.on('message', () => socket.close(1013)))
  await expect(crowd.run(gather(crowd, { count: MEMBERS }))).rejects.toThrow(
    'A client was cut off: close code 1013',
  )
})

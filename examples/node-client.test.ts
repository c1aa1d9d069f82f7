import { createServer, type RollcallServer } from '@rollcall/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Watch, watchTopic } from './node-client'
import { ZzzPeer } from './zzz-peer'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

let server: RollcallServer
let watch: Watch | null = null
let peer: ZzzPeer | null = null

beforeEach(async () => {
  server = createServer({ port: 0, logger: silent })
  await server.listen()
})

afterEach(async () => {
  await watch?.end()
  peer?.end()
  watch = peer = null
  await server.close()
})

test('prints who is there, comes, changes and goes', async () => {
  const { port } = server.address()
  const lines: string[] = []
  watch = watchTopic(`ws://127.0.0.1:${port}/socket`, 'room:lobby', 'Ada', (line) => lines.push(line))
  await watch.joined
  await expect.poll(() => lines).toEqual(['(connecting)', '(open)', '+ Ada'])

  peer = await ZzzPeer.open(port, 'bob')
  await peer.ask('room:lobby', 'phx_join', { meta: { name: 'Bob' } })
  await expect.poll(() => lines.at(-1)).toBe('+ Bob')
  await peer.ask('room:lobby', 'presence_update', { meta: { name: 'Bobby' } })
  await expect.poll(() => lines.at(-1)).toBe('= Bobby, on 1 device(s)')
  await peer.ask('room:lobby', 'phx_leave')
  await expect.poll(() => lines.at(-1)).toBe('- Bobby (left)')
})

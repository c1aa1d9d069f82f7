import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RollcallServer, ServerOptions } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { Peer } from './support/peer'
import { startServer } from './support/server'

/* permessage-deflate, between the server and the client that most programs for Node use. */

const topic = 'room:lobby'
const NO_TAKEOVER = ['client_no_context_takeover', 'permessage-deflate', 'server_no_context_takeover']

interface Visitor extends Peer {
  /** What was agreed on, sorted; empty for nothing. */
  readonly agreed: readonly string[]
  /** Bytes that have come through its TCP connection. */
  readonly bytesRead: () => number
}

async function visit(
  port: number,
  options: ClientOptions & { readonly path?: string; readonly subprotocol?: string } = {},
): Promise<Visitor> {
  const { path = '/socket', subprotocol = 'rollcall.v1', ...rest } = options
  const url = `ws://127.0.0.1:${port}${path}`
  const socket = subprotocol === '' ? new WebSocket(url, rest) : new WebSocket(url, subprotocol, rest)
  onTestFinished(() => socket.terminate())
  let response: IncomingMessage | undefined
  socket.once('upgrade', (answer) => {
    response = answer
  })
  const peer = new Peer(socket)
  await once(socket, 'open')
  const header = response?.headers['sec-websocket-extensions'] ?? ''
  const agreed = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const tcp = response?.socket as Socket
  return Object.assign(peer, { agreed: agreed.sort(), bytesRead: () => tcp.bytesRead })
}

/** A server with so many presences that their state is worth compressing. */
async function crowded(options: ServerOptions = {}): Promise<RollcallServer & { readonly port: number }> {
  const server = await startServer(options)
  for (let n = 0; n < 1000; n++) server.registry.track(`bot ${n}`, topic, `bot ${n}`, { status: 'online' })
  return server
}

const join = ['1', '1', topic, 'phx_join', { meta: {} }]
const isEvent = (name: string) => (message: any) => message[3] === name

async function stateOf(peer: Visitor): Promise<{ bytes: number; presences: readonly unknown[] }> {
  const before = peer.bytesRead()
  peer.send(join)
  const [, , , , { presences }] = await peer.next(isEvent('presence_state'))
  return { bytes: peer.bytesRead() - before, presences }
}

describe('a client that takes compression', () => {
  test('agrees on it without context takeover, either way, and is given a state of few bytes', async () => {
    const { port } = await crowded()
    const peer = await visit(port)
    expect(peer.agreed).toEqual(NO_TAKEOVER)
    const { bytes, presences } = await stateOf(peer)
    expect(presences).toHaveLength(1001)
    expect(bytes).toBeLessThan(JSON.stringify(presences).length / 3)
  })

  test('is heard, whether it compresses much or little', async () => {
    const server = await startServer()
    const peer = await visit(server.port, { perMessageDeflate: { threshold: 0 } })
    const quiet = await visit(server.port)
    await Promise.all([stateOf(peer), stateOf(quiet)])
    for (const text of ['short', 'long '.repeat(1000), 'ü']) {
      for (const [from, to] of [
        [peer, quiet],
        [quiet, peer],
      ] as const) {
        from.send(['1', '2', topic, 'shout', { text }])
        // The ones that shout hear themselves, too.
        for (const each of [from, to]) {
          const [, , , , payload] = await each.next(isEvent('shout'))
          expect(payload.text).toBe(text)
        }
      }
    }
  })

  test('is sent what is small as it is, between what is large', async () => {
    const server = await crowded()
    const peer = await visit(server.port)
    await stateOf(peer)
    const before = peer.bytesRead()
    server.broadcast(topic, 'news', { text: 'x'.repeat(500) })
    await peer.next(isEvent('news'))
    expect(peer.bytesRead() - before).toBeGreaterThan(500)
    server.broadcast(topic, 'news', { text: 'x'.repeat(5000) })
    const [, , , , { text }] = await peer.next(isEvent('news'))
    expect(text).toBe('x'.repeat(5000))
    expect(peer.bytesRead() - before).toBeLessThan(5000)
  })

  test('is given bytes, of Phoenix’s binary frames, as they were', async () => {
    const server = await startServer()
    const path = '/socket/websocket?vsn=2.0.0&user_id=ada'
    const peer = await visit(server.port, { path, subprotocol: '' })
    expect(peer.agreed).toEqual(NO_TAKEOVER)
    await Promise.all([peer.next(isEvent('phx_reply')), peer.send(join)])
    const sent = new Uint8Array(5000).map((_, i) => i % 256)
    const arrived = once(peer.socket, 'message')
    const before = peer.bytesRead()
    server.broadcast(topic, 'news', sent)
    const [data, isBinary] = await arrived
    expect(isBinary).toBe(true)
    expect(new Uint8Array(data).subarray(-5000)).toEqual(sent)
    expect(peer.bytesRead() - before).toBeLessThan(2000)
  })

  test('may have a window that is smaller: what it sends is inflated all the same', async () => {
    const server = await startServer()
    const peer = await visit(server.port, { perMessageDeflate: { threshold: 0, clientMaxWindowBits: 9 } })
    expect(peer.agreed).toEqual(expect.arrayContaining(NO_TAKEOVER))
    await stateOf(peer)
    peer.send(['1', '2', topic, 'shout', { text: 'long '.repeat(1000) }])
    const [, , , , { text }] = await peer.next(isEvent('shout'))
    expect(text).toHaveLength(5000)
  })

  test('[S-9] is cut off with 1009 for a message that is too large only when it is inflated', async () => {
    const server = await startServer({ limits: { frameBytes: 10_000 } })
    const peer = await visit(server.port, { perMessageDeflate: { threshold: 0 } })
    peer.send('x'.repeat(10_000_000))
    expect((await peer.whenClosed()).code).toBe(1009)
  })
})

describe('a client is served without it', () => {
  test.each([
    ['that offers none', { perMessageDeflate: false }],
    ['that demands a window which is not ours', { perMessageDeflate: { serverMaxWindowBits: 10 } }],
    [
      'that offers something unheard of',
      { perMessageDeflate: false, headers: { 'Sec-WebSocket-Extensions': 'permessage-zip; level=9' } },
    ],
    [
      'whose offer has a parameter that nobody knows',
      { perMessageDeflate: false, headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; magic' } },
    ],
  ])('%s', async (_what, options) => {
    const { port } = await crowded()
    const peer = await visit(port, options)
    expect(peer.agreed).toEqual([])
    const { bytes, presences } = await stateOf(peer)
    expect(presences).toHaveLength(1001)
    expect(bytes).toBeGreaterThan(JSON.stringify(presences).length)
  })

  test('where the server has it turned off', async () => {
    const { port } = await crowded({ compression: false })
    const peer = await visit(port)
    expect(peer.agreed).toEqual([])
    expect((await stateOf(peer)).presences).toHaveLength(1001)
  })
})

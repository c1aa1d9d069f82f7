import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import type { TransportListener } from './transport'
import { openWebSocket } from './websocket-transport'

/** A listener that records its calls, and lets a test wait for them. */
function recorder() {
  const told: unknown[] = []
  let wake = () => {}
  const tell = (what: unknown) => {
    told.push(what)
    wake()
  }
  const listener: TransportListener = {
    onOpen: () => tell('open'),
    onFrame: (frame) => tell(frame),
    onClose: (code, reason) => tell({ code, reason }),
  }
  const until = async (count: number): Promise<unknown[]> => {
    while (told.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return told
  }
  return { listener, told, until }
}

test('[C-52] one that is abandoned while it connects ends nothing with what it still says', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown) => void uncaught.push(error)
  process.on('uncaughtException', note)
  onTestFinished(() => void process.off('uncaughtException', note))
  const sockets: Socket[] = []
  const onSocket = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  channel('net.client.socket').subscribe(onSocket)
  onTestFinished(() => void channel('net.client.socket').unsubscribe(onSocket))
  // Takes connections, and answers no handshake.
  const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const { listener, told } = recorder()
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/socket`
  for (const isConnected of [false, true]) {
    const transport = openWebSocket(url, 'rollcall.v1', listener)
    const socket = sockets.at(-1)
    if (isConnected) await once(silent, 'connection')
    const closed = once(socket as Socket, 'close')
    transport.abandon()
    await closed
    for (const n of [1, 2]) expect(() => socket?.emit('error', new Error(`late error ${n}`))).not.toThrow()
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect({ uncaught, told }).toEqual({ uncaught: [], told: [] })
})

describe('the transport over ws', () => {
  let server: WebSocketServer
  let url: string
  let accepted: Promise<WebSocket>

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    accepted = new Promise((resolve) => server.once('connection', resolve))
    await new Promise((resolve) => server.once('listening', resolve))
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/socket`
  })

  afterEach(async () => {
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
  })

  test('opens with the subprotocol, carries text and bytes, and closes in order', async () => {
    const { listener, until } = recorder()
    const transport = openWebSocket(url, 'rollcall.v1', listener)
    const peer = await accepted
    expect(peer.protocol).toBe('rollcall.v1')
    await until(1)
    const received = new Promise((resolve) => peer.once('message', (data) => resolve(String(data))))
    transport.send('hällo')
    expect(await received).toBe('hällo')
    peer.send('text')
    peer.send(Buffer.from([1, 2, 3]))
    await until(3)
    transport.close(1000, 'goodbye')
    expect(await until(4)).toEqual([
      'open',
      'text',
      new Uint8Array([1, 2, 3]),
      { code: 1000, reason: 'goodbye' },
    ])
  })

  test('offers the secret after the subprotocol, or alone, and sends bytes as bytes', async () => {
    const offers: unknown[] = []
    server.on('connection', (_peer, { headers }) => offers.push(headers['sec-websocket-protocol']))
    const { listener, until } = recorder()
    const transport = openWebSocket(url, 'phoenix', listener, 'base64url.bearer.phx.dDBrZW4')
    const peer = await accepted
    await until(1)
    const received = new Promise((resolve) =>
      peer.once('message', (data, isBinary) => resolve([data, isBinary])),
    )
    transport.send(Uint8Array.of(0, 255))
    expect(await received).toEqual([Buffer.from([0, 255]), true])
    const alone = recorder()
    openWebSocket(url, null, alone.listener, 'base64url.bearer.phx.dDBrZW4')
    await alone.until(1)
    expect(offers).toEqual(['phoenix,base64url.bearer.phx.dDBrZW4', 'base64url.bearer.phx.dDBrZW4'])
  })

  test('tells how the other side closed', async () => {
    const { listener, until } = recorder()
    openWebSocket(url, 'rollcall.v1', listener)
    ;(await accepted).close(4002, 'kicked')
    expect((await until(2))[1]).toEqual({ code: 4002, reason: 'kicked' })
  })

  test('a connection that never comes about ends with 1006 and, here, with the cause', async () => {
    const { listener, until } = recorder()
    await new Promise((resolve) => server.close(resolve))
    openWebSocket(url, 'rollcall.v1', listener)
    expect(await until(1)).toEqual([{ code: 1006, reason: expect.stringContaining('ECONNREFUSED') }])
  })

  test('[C-5] abandoned, it ends at once and says nothing more, open or not', async () => {
    const early = recorder()
    openWebSocket(url, 'rollcall.v1', early.listener).abandon()
    const { listener, told, until } = recorder()
    const transport = openWebSocket(url, 'rollcall.v1', listener)
    const peer = await accepted
    await until(1)
    const ended = new Promise((resolve) => peer.once('close', resolve))
    transport.abandon()
    await ended
    expect([told, early.told]).toEqual([['open'], []])
  })

  test('an address that cannot be used throws', () => {
    expect(() => openWebSocket('ws://x y/', 'rollcall.v1', recorder().listener)).toThrow()
  })
})

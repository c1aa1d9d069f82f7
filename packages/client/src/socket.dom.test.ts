import { ws } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Channel } from './channel/channel'
import type { Transport } from './io/transport'
import type { Socket } from './socket'
import { createFakeServer, type FakeServer } from './testing/fake-server'
import { VirtualClock } from './testing/virtual-clock'

/*
 * The whole client in a page: its real transport over the platform's WebSocket, which msw intercepts and hands to a
 * fake server. Time is virtual; what passes through WebSocket events is waited for by its outcome.
 */

const ADDRESS = 'ws://localhost:9090/socket'
const LOBBY = 'room:lobby'
const interceptor = setupServer()
const link = ws.link(`${ADDRESS}*`)
let server: FakeServer
let clock: VirtualClock
let socket: Socket
let opened: { url: string; protocols: string | string[] | undefined }[]
let createSocket: (options?: object) => Socket

/** Lets what msw intercepted talk to the fake server. */
function serve(): void {
  interceptor.use(
    link.addEventListener('connection', ({ client, info }) => {
      opened.push({ url: String(client.url), protocols: info.protocols })
      let transport: Transport | null = null
      transport = server.transport(String(client.url), '', {
        onOpen: () => {},
        onFrame: (frame) => client.send(frame as string),
        onClose: (code, reason) => client.close(code, reason),
      })
      client.addEventListener('message', ({ data }) => transport?.send(String(data)))
      client.addEventListener('close', () => transport?.abandon())
    }),
  )
}

beforeAll(async () => {
  interceptor.listen({ onUnhandledRequest: 'error' })
  // After msw took the platform's WebSocket over: isomorphic-ws looks for it once, when it is first imported.
  const { Socket } = await import('./socket')
  createSocket = (options) =>
    new Socket(ADDRESS, { clock, random: () => 0.5, params: { user_id: 'ada' }, ...options })
})
afterAll(() => interceptor.close())

beforeEach(() => {
  server = createFakeServer()
  clock = new VirtualClock()
  opened = []
  serve()
  socket = createSocket()
})
afterEach(async () => {
  const parted = socket.disconnect()
  await clock.advance(2_000)
  await parted
  interceptor.resetHandlers()
})

const status = (expected: string) => expect.poll(() => socket.status).toBe(expected)

async function join(): Promise<Channel<{ name: string }>> {
  socket.connect()
  const channel = socket.channel<{ name: string }>(LOBBY, { meta: { name: 'Ada' } })
  await channel.join()
  await expect.poll(() => channel.presence.isSynced).toBe(true)
  return channel
}

describe('in a page', () => {
  test('connects with its subprotocol and params', async () => {
    socket.connect()
    await status('open')
    expect(opened).toEqual([{ url: `${ADDRESS}?user_id=ada`, protocols: 'rollcall.v1' }])
    expect(socket.identity).toEqual({ id: 'ada' })
  })

  test('joins, and shows who is there as they come and go', async () => {
    server.presence(LOBBY).join('bob', { name: 'Bob' })
    const { presence } = await join()
    expect([...presence.keys()]).toEqual(['bob', 'ada'])
    const joined = new Promise((resolve) => presence.once('join', resolve))
    server.presence(LOBBY).join('cyd', { name: 'Cyd' })
    expect(await joined).toMatchObject({ key: 'cyd', meta: { name: 'Cyd' } })
    server.presence(LOBBY).leave('bob')
    await expect.poll(() => presence.size).toBe(2)
  })

  test('pushes, and hears what others say', async () => {
    const channel = await join()
    const heard = new Promise((resolve) => channel.once('new_msg', resolve))
    expect(await channel.push('new_msg', { body: 'hi' })).toEqual({})
    expect(await heard).toEqual({ body: 'hi' })
  })

  test('[C-15] comes back after the server closed, and rejoins', async () => {
    const channel = await join()
    server.drop(4000, 'deploy')
    await expect.poll(() => channel.status).toBe('away')
    expect(socket.getSnapshot()).toMatchObject({
      status: 'waiting',
      lastClose: { code: 4000, reason: 'deploy' },
    })
    expect([channel.presence.isStale, channel.presence.size]).toEqual([true, 1])
    await clock.advance(500)
    await expect.poll(() => channel.status).toBe('joined')
    await expect.poll(() => channel.presence.isStale).toBe(false)
    expect(opened).toHaveLength(2)
  })

  test('[C-15] stays away when it was put out', async () => {
    await join()
    server.drop(4002, 'kicked')
    await status('closed')
    expect([socket.getSnapshot().error?.code, clock.pending]).toEqual(['kicked', 0])
  })

  test('a refused join says why', async () => {
    server.refuse(LOBBY, 'members only')
    socket.connect()
    await expect(socket.channel(LOBBY).join()).rejects.toMatchObject({
      code: 'refused',
      reason: 'members only',
    })
  })

  test('[C-16] passes over what is not the protocol', async () => {
    const channel = await join()
    const fault = vi.fn()
    socket.on('fault', fault)
    for (const frame of ['nonsense', '[]', new Uint8Array([1, 2])]) server.sendRaw(frame)
    await expect.poll(() => fault.mock.calls.length).toBe(3)
    expect(await channel.push('still there')).toEqual({})
  })

  test('[C-14] a push without an answer times out', async () => {
    const channel = await join()
    server.answer('slow', () => 'silence')
    const caught = expect(channel.push('slow')).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => server.pushes(LOBBY).length).toBe(1)
    await clock.advance(10_000)
    await caught
  })

  test('[C-4] a half-open connection is found and replaced', async () => {
    const channel = await join()
    server.freeze()
    socket.once('close', () => server.thaw())
    await clock.advance(25_000)
    await clock.advance(500)
    await expect.poll(() => [channel.status, opened.length]).toEqual(['joined', 2])
  })

  test('a connection that ends before the hello is answered is tried again', async () => {
    interceptor.resetHandlers()
    interceptor.use(link.addEventListener('connection', ({ client }) => client.close(4000, 'no upgrade')))
    socket.connect()
    await status('waiting')
    interceptor.resetHandlers()
    serve()
    await clock.advance(500)
    await status('open')
  })

  test('[C-1] closes with 1000 after its goodbye', async () => {
    const channel = await join()
    const closed = new Promise((resolve) => {
      for (const client of link.clients)
        client.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
    })
    await socket.disconnect()
    expect(await closed).toEqual({ code: 1000, reason: 'goodbye' })
    expect([channel.status, clock.pending]).toEqual(['away', 0])
  })
})

describe('hints of the page', () => {
  test('[C-3] offline slows retries down, online retries at once', async () => {
    await join()
    window.dispatchEvent(new Event('offline'))
    expect(socket.getSnapshot().isOnline).toBe(false)
    server.drop(4000)
    await status('waiting')
    expect(socket.getSnapshot().retryAt).toBe(clock.now() + 8_000)
    await clock.advance(7_999)
    expect([socket.status, opened.length]).toEqual(['waiting', 1])
    window.dispatchEvent(new Event('online'))
    await status('open')
  })

  test('[C-3] a page that becomes visible retries at once, one that is hidden does not', async () => {
    await join()
    server.drop(4000)
    await status('waiting')
    const visibility = vi.spyOn(document, 'visibilityState', 'get')
    visibility.mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    expect(socket.status).toBe('waiting')
    visibility.mockReturnValue('visible')
    document.dispatchEvent(new Event('visibilitychange'))
    await status('open')
    visibility.mockRestore()
  })

  test('[C-1] nobody listens to them before connect and after disconnect', async () => {
    const add = vi.spyOn(window, 'addEventListener')
    const remove = vi.spyOn(window, 'removeEventListener')
    const fresh = createSocket()
    expect(add).not.toHaveBeenCalled()
    fresh.connect()
    expect(add.mock.calls.map(([name]) => name)).toEqual(['online', 'offline', 'pageshow', 'pagehide'])
    await fresh.disconnect()
    expect(remove.mock.calls).toEqual(add.mock.calls)
    vi.restoreAllMocks()
  })

  test('an address relative to the page is taken', async () => {
    const { resolveEndpoint } = await import('./connection/endpoint')
    vi.stubGlobal('location', new URL('https://example.com/app/'))
    expect(resolveEndpoint('/socket')).toEqual({ base: 'wss://example.com/socket', query: [] })
    vi.unstubAllGlobals()
  })
})

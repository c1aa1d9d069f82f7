import { describe, expect, test } from 'vitest'
import { startServer } from './support/server'
import { connectSilently } from './support/silent-peer'
import { rollcall, type Speaker, zzz } from './support/speakers'

/* Whatever way a connection ends, its presences leave by themselves, once, and with the reason. */

const topic = 'room:lobby'

async function watch(port: number): Promise<Speaker> {
  const watcher = await rollcall.speak(port, 'watcher')
  await watcher.ask(topic, 'phx_join', { meta: {} })
  await watcher.event('presence_state')
  return watcher
}

async function nextLeave(watcher: Speaker): Promise<{ key: string; reason: string }> {
  for (;;) {
    const { leaves } = await watcher.event('presence_diff')
    expect(leaves.length).toBeLessThanOrEqual(1)
    if (leaves.length === 1) return leaves[0]
  }
}

const endings: readonly (readonly [how: string, reason: string, end: (guest: Speaker) => void])[] = [
  ['leaves the topic', 'left', (guest: Speaker) => void guest.ask(topic, 'phx_leave')],
  ['closes its WebSocket', 'closed', (guest: Speaker) => guest.peer.socket.close()],
  ['closes with a code of its own', 'closed', (guest: Speaker) => guest.peer.socket.close(4999, 'bye')],
  ['is cut off', 'closed', (guest: Speaker) => guest.peer.socket.terminate()],
  [
    'breaks the WebSocket protocol',
    'closed',
    // @ts-expect-error the raw socket is private, and the only way to say something that no client would
    (guest: Speaker) => void guest.peer.socket._socket.write(Buffer.from([0xff, 0xff, 0xff])),
  ],
  ['sends more than the server reads', 'closed', (guest: Speaker) => guest.peer.send('x'.repeat(300_000))],
]

describe.each([rollcall, zzz])('a $name client', (dialect) => {
  test.each(endings)('that %s is gone with the reason %s', async (_how, reason, end) => {
    const server = await startServer()
    const watcher = await watch(server.port)
    const guest = await dialect.speak(server.port, 'guest')
    await guest.ask(topic, 'phx_join', { meta: {} })
    end(guest)
    expect(await nextLeave(watcher)).toMatchObject({ key: 'guest', reason })
    expect((await server.registry.list(topic)).map(({ key }) => key)).toEqual(['watcher'])
  })
})

test('a client that says goodbye has left, in every topic', async () => {
  const server = await startServer()
  const watcher = await watch(server.port)
  const guest = await rollcall.speak(server.port, 'guest')
  await guest.ask(topic, 'phx_join', { meta: {} })
  await guest.ask('room:other', 'phx_join', { meta: {} })
  expect((await guest.ask('rollcall', 'goodbye')).status).toBe('ok')
  expect(await nextLeave(watcher)).toMatchObject({ key: 'guest', reason: 'left' })
  expect((await guest.peer.whenClosed()).code).toBe(1000)
  expect(await server.registry.list('room:other')).toEqual([])
})

test('[S-8] a peer that went silent is gone within pingIntervalMs + pongTimeoutMs, a quiet one stays', async () => {
  const heartbeat = { pingIntervalMs: 300, pongTimeoutMs: 200 }
  const server = await startServer({ heartbeat })
  const watcher = await watch(server.port)
  const silent = await connectSilently(server.port, '/socket?user_id=silent', 'rollcall.v1')
  silent.send(`["1","1","${topic}","phx_join",{}]`)
  expect((await watcher.event('presence_diff')).joins).toMatchObject([{ key: 'silent' }])
  const heardAtMs = performance.now()
  expect(await nextLeave(watcher)).toMatchObject({ key: 'silent', reason: 'timeout' })
  const tookMs = performance.now() - heardAtMs
  // The flush and two busy processors come on top of the published bound.
  expect(tookMs).toBeLessThan(heartbeat.pingIntervalMs + heartbeat.pongTimeoutMs + 250)
  expect(tookMs).toBeGreaterThan(heartbeat.pongTimeoutMs)
  // The watcher answered its pings all the while, and said nothing else.
  expect(watcher.peer.closed).toBeNull()
})

test('a server that closes tells its clients to come back, and resolves when they are gone', async () => {
  const server = await startServer()
  const watcher = await watch(server.port)
  const silent = await connectSilently(server.port, '/socket?user_id=silent', 'rollcall.v1')
  silent.send(`["1","1","${topic}","phx_join",{}]`)
  await watcher.event('presence_diff')
  await server.close()
  expect(server.connectionCount).toBe(0)
  expect(await watcher.peer.whenClosed()).toEqual({ code: 1012, reason: 'server closes' })
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow()
})

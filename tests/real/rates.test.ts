import type { ServerOptions } from '@rollcall/server'
import { describe, expect, test, vi } from 'vitest'
import type { Peer } from './support/peer'
import { startServer } from './support/server'
import { type DialectUnderTest, rollcall, type Speaker, zzz } from './support/speakers'
import { enter } from './support/stranger'

/* How fast one client may send, what becomes of what comes faster, and that nobody else is hurt. */

const topic = 'room:lobby'
const eventually = (holds: () => void | Promise<void>) => vi.waitFor(holds, { timeout: 8000, interval: 5 })

async function attend(dialect: DialectUnderTest, port: number, userId: string): Promise<Speaker> {
  const speaker = await dialect.speak(port, userId)
  await speaker.ask(topic, 'phx_join', { meta: {} })
  await speaker.event('presence_state')
  return speaker
}

/** A client that floods, and a watcher who is not to notice. */
async function flooded(options: ServerOptions = {}, dialect: DialectUnderTest = rollcall) {
  const server = await startServer(options)
  const watcher = await attend(rollcall, server.port, 'watcher')
  const flood = await attend(dialect, server.port, 'flood')
  return { server, watcher, flood }
}

const answers = (peer: Peer) => peer.received.filter((frame) => JSON.stringify(frame).includes('throttled'))

describe.each([rollcall, zzz])('[S-36] a $name client', (dialect) => {
  test('that sends too much is told so, and is served again when it waits', async () => {
    const options = { rates: { messages: { perSecond: 50, burst: 10 } } }
    const { flood, watcher } = await flooded(options, dialect)
    for (let i = 0; i < 100; i++) flood.peer.send(flood.frame(topic, 'msg', { i }, `r${i}`))
    await eventually(() => expect(answers(flood.peer).length).toBeGreaterThan(80))
    await eventually(async () => {
      const { status } = await flood.ask(topic, 'msg', { last: true })
      expect(status).toBe('ok')
    })
    expect(flood.peer.closed).toBeNull()
    expect((await watcher.ask(topic, 'msg', {})).status).toBe('ok')
  })
})

test('[S-36] of a cursor that moves too fast everybody sees where it comes to rest', async () => {
  const { flood, watcher, server } = await flooded()
  for (let x = 0; x <= 300; x++) {
    flood.peer.send(flood.frame(topic, 'presence_update', { meta: { x } }, `u${x}`))
  }
  let last = -1
  while (last < 300) {
    const { updates } = await watcher.event('presence_diff')
    last = updates.at(-1)?.meta.x ?? last
  }
  expect((await server.registry.list(topic)).find(({ key }) => key === 'flood')?.meta).toEqual({ x: 300 })
  expect(flood.peer.closed).toBeNull()
})

describe('[S-37] a client that floods without end', () => {
  const junk: readonly (readonly [string, (flood: Speaker, i: number) => void])[] = [
    ['with garbage', (flood) => flood.peer.send('garbage')],
    ['with frames that are too large', (flood) => flood.peer.send('x'.repeat(70_000))],
    ['with binary frames that are none', (flood) => flood.peer.send(new Uint8Array(10))],
    ['with events', (flood, i) => flood.peer.send(flood.frame(topic, 'msg', {}, `e${i}`))],
    ['with joins', (flood, i) => flood.peer.send(flood.frame(`room:${i % 9}`, 'phx_join', {}, `j${i}`))],
  ]

  test.each(junk)('%s is closed with 1008, and its presence leaves', async (_what, send) => {
    const { flood, watcher, server } = await flooded()
    for (let i = 0; i < 2000; i++) send(flood, i)
    expect(await flood.peer.whenClosed()).toEqual({ code: 1008, reason: 'abuse' })
    await eventually(async () => expect(await server.registry.count(topic)).toBe(1))
    expect((await watcher.ask(topic, 'msg', {})).status).toBe('ok')
    expect(watcher.peer.closed).toBeNull()
    // Its place is free again, for a client that behaves.
    expect((await enter(server.port, 'flood')).status).toBe(101)
  })
})

test('[S-36] posts of a long poll are counted alike', async () => {
  const { port } = await startServer({ rates: { messages: { perSecond: 1, burst: 5 } } })
  const url = `http://127.0.0.1:${port}/socket/longpoll?vsn=2.0.0&user_id=ada`
  const { token } = await (await fetch(url)).json()
  const body = Array.from({ length: 20 }, (_, i) => `[null,"${i}","phoenix","heartbeat",{}]`).join('\n')
  const headers = { 'Content-Type': 'application/x-ndjson' }
  const posted = await fetch(`${url}&token=${token}`, { method: 'POST', body, headers })
  expect(await posted.json()).toMatchObject({ status: 200 })
  const { messages } = await (await fetch(`${url}&token=${token}`)).json()
  expect(messages.filter((message: string) => message.includes('throttled'))).toHaveLength(15)
})

import type { JsonObject } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { connect, type Peer } from './support/peer'
import { startServer } from './support/server'
import { rollcall, type Speaker } from './support/speakers'

/* What others see, and what it costs, when a native client loses its connection and comes back. */

const topic = 'room:lobby'

interface Hello {
  readonly session: string
  readonly token: string
  readonly resumed: boolean
}

/** A native client frame by frame, with its own join_ref. */
class Native {
  readonly peer: Peer
  readonly hello: Hello
  #refs = 1

  private constructor(peer: Peer, hello: Hello) {
    this.peer = peer
    this.hello = hello
  }

  static async open(port: number, userId: string, token?: string, instance = 'page'): Promise<Native> {
    const peer = await connect(`ws://127.0.0.1:${port}/socket?user_id=${userId}`, 'rollcall.v1')
    peer.send([null, 'h', 'rollcall', 'hello', { instance, ...(token === undefined ? {} : { token }) }])
    const [, , , , { response }] = await peer.next(([, ref]) => ref === 'h')
    return new Native(peer, response)
  }

  /** Joins and returns the frames of the answer: the reply, and the state or diff that follows. */
  async join(payload: object): Promise<[any, any]> {
    const ref = `j${this.#refs++}`
    this.peer.send([ref, ref, topic, 'phx_join', payload])
    return [await this.peer.next((frame) => frame[1] === ref), await this.peer.next()]
  }
}

async function watch(port: number): Promise<Speaker> {
  const watcher = await rollcall.speak(port, 'watcher')
  await watcher.ask(topic, 'phx_join', { meta: {} })
  await watcher.event('presence_state')
  return watcher
}

/** Diffs that the watcher has had up to now: a heartbeat's answer comes after all of them. */
async function seenBy(watcher: Speaker): Promise<any[]> {
  await watcher.ask('rollcall', 'heartbeat')
  return watcher.peer.received
    .filter((frame: any) => frame[3] === 'presence_diff')
    .map((frame: any) => frame[4])
}

const position = ({ epoch, seq }: { epoch: string; seq: number }) => ({ epoch, seq })

test('[S-6] a client that lost its connection comes back with its token, and nobody sees anything', async () => {
  const server = await startServer()
  const watcher = await watch(server.port)
  const before = await Native.open(server.port, 'ada')
  expect(before.hello.resumed).toBe(false)
  const [, state] = await before.join({ meta: { n: 1 } })
  const before1 = await watcher.event('presence_diff')
  before.peer.socket.terminate()
  await before.peer.whenClosed()

  const after = await Native.open(server.port, 'ada', before.hello.token)
  expect(after.hello).toMatchObject({ resumed: true, session: before.hello.session })
  const [reply, missed] = await after.join({ meta: { n: 1 }, presence_since: position(state[4]) })
  expect(reply[4]).toEqual({ status: 'ok', response: {} })
  expect(missed[3]).toBe('presence_diff')
  expect(missed[4]).toMatchObject({
    base: state[4].seq,
    seq: state[4].seq,
    digest: state[4].digest,
    joins: [],
    leaves: [],
  })
  expect(await seenBy(watcher)).toEqual([before1])
})

test('[S-7] one that missed changes is told just those', async () => {
  const server = await startServer()
  const watcher = await watch(server.port)
  const before = await Native.open(server.port, 'ada')
  const [, state] = await before.join({ meta: {} })
  before.peer.socket.terminate()
  const guest = await rollcall.speak(server.port, 'guest')
  await guest.ask(topic, 'phx_join', { meta: {} })
  await watcher.ask(topic, 'presence_update', { meta: { s: 1 } })
  await watcher.ask(topic, 'presence_update', { meta: { s: 2 } })

  const after = await Native.open(server.port, 'ada', before.hello.token)
  const [, missed] = await after.join({ meta: {}, presence_since: position(state[4]) })
  expect(missed[3]).toBe('presence_diff')
  expect(missed[4].base).toBe(state[4].seq)
  expect(missed[4].joins.map(({ key }: any) => key)).toEqual(['guest'])
  expect(missed[4].updates).toMatchObject([{ meta: { s: 2 }, rev: 2 }])
})

test('[S-7] coming back to a topic of 10,000 in which nothing changed takes less than 1 KiB', async () => {
  const server = await startServer()
  for (let i = 0; i < 10_000; i++) server.registry.track(`owner-${i}`, topic, `user-${i}`, { n: i })
  const before = await Native.open(server.port, 'ada')
  const [, state] = await before.join({ meta: {} })
  expect(state[4].presences).toHaveLength(10_001)
  before.peer.socket.terminate()
  const after = await Native.open(server.port, 'ada', before.hello.token)
  await after.join({ meta: {}, presence_since: position(state[4]) })
  const bytes = after.peer.received.reduce((sum: number, frame) => sum + JSON.stringify(frame).length, 0)
  expect(bytes).toBeLessThan(1024)
})

test('[S-7] one whose position is not known any more is given the state', async () => {
  const server = await startServer({ history: { maxDiffs: 2 } })
  const watcher = await watch(server.port)
  const before = await Native.open(server.port, 'ada')
  const [, state] = await before.join({ meta: {} })
  before.peer.socket.terminate()
  for (let s = 0; s < 4; s++) {
    await watcher.ask(topic, 'presence_update', { meta: { s } })
    await watcher.event('presence_diff')
  }
  const after = await Native.open(server.port, 'ada', before.hello.token)
  const [, again] = await after.join({ meta: {}, presence_since: position(state[4]) })
  expect(again[3]).toBe('presence_state')
  const elsewhere = await Native.open(server.port, 'bob')
  const [, foreign] = await elsewhere.join({ presence_since: { epoch: 'another', seq: 1 } })
  expect(foreign[3]).toBe('presence_state')
})

test('[S-6] who does not come back within the grace has left, and not before', async () => {
  const server = await startServer({ grace: { graceMs: 300 } })
  const watcher = await watch(server.port)
  const guest = await Native.open(server.port, 'ada')
  await guest.join({ meta: {} })
  await watcher.event('presence_diff')
  guest.peer.socket.terminate()
  const lostAtMs = performance.now()
  const { leaves } = await watcher.event('presence_diff')
  expect(leaves).toMatchObject([{ key: 'ada', reason: 'timeout' }])
  expect(performance.now() - lostAtMs).toBeGreaterThan(295)
  const late = await Native.open(server.port, 'ada', guest.hello.token)
  expect(late.hello.resumed).toBe(false)
})

test('[S-6] [S-67] a page that was unloaded has the shorter grace, a goodbye has none', async () => {
  const server = await startServer({ grace: { graceMs: 60_000, pageGraceMs: 100 } })
  const watcher = await watch(server.port)
  const page = await Native.open(server.port, 'page')
  await page.join({ meta: {} })
  await watcher.event('presence_diff')
  page.peer.socket.close(4006)
  expect((await watcher.event('presence_diff')).leaves).toMatchObject([{ key: 'page', reason: 'closed' }])
  const polite = await Native.open(server.port, 'polite')
  await polite.join({ meta: {} })
  await watcher.event('presence_diff')
  polite.peer.send([null, null, 'rollcall', 'goodbye', {}])
  expect((await watcher.event('presence_diff')).leaves).toMatchObject([{ key: 'polite', reason: 'left' }])
})

test("[S-5] an older connection that ends late can't remove what the newer one holds", async () => {
  const server = await startServer({ grace: { graceMs: 100 } })
  const watcher = await watch(server.port)
  const older = await Native.open(server.port, 'ada')
  await older.join({ meta: {} })
  await watcher.event('presence_diff')
  // The older one is still open, as a half-open connection is to its server.
  const newer = await Native.open(server.port, 'ada', older.hello.token)
  expect(newer.hello.resumed).toBe(true)
  await newer.join({ meta: {} })
  expect(await older.peer.whenClosed()).toMatchObject({ code: 4003 })
  expect(await seenBy(watcher)).toHaveLength(1)
  expect((await server.registry.list(topic)).map(({ key }) => key)).toEqual(['watcher', 'ada'])
})

test('a wrong token, or one of somebody else, begins a session of its own', async () => {
  const server = await startServer()
  const ada = await Native.open(server.port, 'ada')
  await ada.join({ meta: {} })
  const [id] = ada.hello.token.split('.')
  for (const [userId, token] of [
    ['ada', `${id}.guess`],
    ['ada', `${id}.`],
    ['ada', id ?? ''],
    ['ada', ''],
    ['mallory', ada.hello.token],
  ] as const) {
    const other = await Native.open(server.port, userId, token)
    expect(other.hello.resumed).toBe(false)
    expect(other.hello.session).not.toBe(ada.hello.session)
  }
  expect(ada.peer.closed).toBeNull()
})

test('a channel that is not joined again after a resume is left', async () => {
  const server = await startServer({ grace: { graceMs: 150 } })
  const watcher = await watch(server.port)
  const before = await Native.open(server.port, 'ada')
  await before.join({ meta: {} })
  await watcher.event('presence_diff')
  before.peer.socket.terminate()
  const after = await Native.open(server.port, 'ada', before.hello.token)
  expect(after.hello.resumed).toBe(true)
  expect((await watcher.event('presence_diff')).leaves).toMatchObject([{ key: 'ada', reason: 'left' }])
})

test('the application is not told of a resume, and its join does not run again', async () => {
  const calls: string[] = []
  const server = await startServer({
    channels: [
      {
        topicPattern: '*',
        join: (ctx) => {
          calls.push('join')
          ctx.track(ctx.identity.id, { v: 1 })
          return { welcome: true }
        },
        leave: () => void calls.push('leave'),
        handlers: { echo: (_ctx, payload) => payload },
      },
    ],
  })
  const before = await Native.open(server.port, 'ada')
  await before.join({})
  before.peer.socket.terminate()
  const after = await Native.open(server.port, 'ada', before.hello.token)
  const [reply] = await after.join({ presence_since: null })
  expect(reply[4]).toEqual({ status: 'ok', response: { welcome: true } })
  after.peer.send(['j1', 'e', topic, 'echo', { a: 1 }])
  expect((await after.peer.next(([, ref]) => ref === 'e'))[4].response).toEqual({ a: 1 })
  expect(calls).toEqual(['join'])
})

test('[S-6] a page that was loaded anew joins anew under its session, and nobody sees it leave', async () => {
  const calls: string[] = []
  const server = await startServer({
    channels: [
      {
        topicPattern: '*',
        join: (ctx, payload) => {
          calls.push(ctx.isResumed ? 'join of a resumed session' : 'join')
          ctx.track(ctx.identity.id, (payload.meta ?? {}) as JsonObject)
        },
        leave: () => void calls.push('leave'),
      },
    ],
  })
  const watcher = await watch(server.port)
  const before = await Native.open(server.port, 'ada')
  await before.join({ meta: { status: 'away' } })
  const { joins } = await watcher.event('presence_diff')
  before.peer.socket.close(4006)
  const after = await Native.open(server.port, 'ada', before.hello.token, 'another page')
  await after.join({ meta: { status: 'online' } })
  expect(await watcher.event('presence_diff')).toMatchObject({
    joins: [],
    leaves: [],
    updates: [{ ref: joins[0].ref, meta: { status: 'online' } }],
  })
  expect(calls).toEqual(['join', 'join', 'join of a resumed session'])
})

test("[S-5] a copied tab takes the session over, and the older page's token can't take it back", async () => {
  const server = await startServer()
  const page = await Native.open(server.port, 'ada', undefined, 'page')
  const copy = await Native.open(server.port, 'ada', page.hello.token, 'copy')
  expect(copy.hello).toMatchObject({ resumed: true, session: page.hello.session })
  expect(copy.hello.token).not.toBe(page.hello.token)
  const again = await Native.open(server.port, 'ada', page.hello.token, 'page')
  expect(again.hello.resumed).toBe(false)
  // The copy itself may have missed the answer with its new token.
  const same = await Native.open(server.port, 'ada', page.hello.token, 'copy')
  expect(same.hello).toMatchObject({ resumed: true, session: page.hello.session })
})

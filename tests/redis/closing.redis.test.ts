import { setTimeout as pause } from 'node:timers/promises'
import { createServer, RedisStore } from '@rollcall/server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { dialTcp, handshakeHead } from '../hostile/support/raw-peer'
import { RedisServer } from './support/redis-server'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis?.dispose())

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const feed = { onSnapshot() {}, onDiff() {}, onMessage() {} }
const ROUNDS = 15

/** Rejections that nobody handles, while this test runs. */
function watchRejections(): unknown[] {
  const seen: unknown[] = []
  const note = (reason: unknown) => void seen.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return seen
}

const newStore = () => new RedisStore({ connection: redis.url, leaseTtlMs: 1500, logger: silent })

test('[S-76] a store that is closed at any moment of its start or of its commands rejects nothing but these', async () => {
  const unhandled = watchRejections()
  for (let round = 0; round < ROUNDS; round++) {
    const store = newStore()
    store.connect({ onReachable() {}, onSessionClaimed() {} })
    await pause(round % 5)
    const asked = [0, 1, 2, 3].flatMap((n) => [
      store.subscribe(`room:${n}`, feed),
      store.commit(`room:${n}`, [
        { op: 'put', ref: `${round}-${n}`, key: 'ada', meta: {}, rev: 1, owner: `${n}` },
      ]),
      store.read(`room:${n}`),
      store.publish(`room:${n}`, { event: 'said', payload: {} }),
      store.sessions.read('nobody'),
    ])
    const outcomes = Promise.allSettled(asked)
    await pause(round)
    await store.close()
    // A call that is left open would keep its caller for ever.
    expect(await outcomes).toHaveLength(asked.length)
  }
  expect(unhandled).toEqual([])
})

test('[S-76] a server whose store is closed before it, or with it, closes, and rejects nothing', async () => {
  const unhandled = watchRejections()
  for (let round = 0; round < ROUNDS; round++) {
    const store = newStore()
    const server = createServer({ port: 0, store, logger: silent, closeTimeoutMs: 100 })
    const { port } = await server.listen()
    const peer = await dialTcp({ port })
    peer.write(handshakeHead({ port, subprotocol: 'rollcall.v1' }))
    server.registry.track('bot', 'room:lobby', 'bot', {})
    await pause(2 * round)
    if (round % 2 === 0) await store.close()
    await Promise.all([store.close(), server.close()])
    peer.destroy()
  }
  expect(unhandled).toEqual([])
})

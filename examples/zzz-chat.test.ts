import { createServer, type RollcallServer } from '@rollcall/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatChannel } from './zzz-chat'
import { ZzzPeer } from './zzz-peer'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const topic = 'chat:lobby'

let server: RollcallServer
let port: number
const peers: ZzzPeer[] = []

beforeEach(async () => {
  server = createServer({ port: 0, logger: silent, channels: [chatChannel] })
  port = (await server.listen()).port
})

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.end()
  await server.close()
})

async function enter(user: string): Promise<ZzzPeer> {
  const peer = await ZzzPeer.open(port, user)
  peers.push(peer)
  expect(await peer.ask(topic, 'phx_join')).toEqual({ status: 'ok', response: {} })
  return peer
}

const keysOf = (state: unknown) => (state as { key: string }[]).map(({ key }) => key)

test('who joins is given the state, with themselves in it', async () => {
  const alice = await enter('alice')
  expect(await alice.event('presence_state')).toEqual([
    { key: 'alice', meta: { name: 'alice', joined_at: expect.any(String) } },
  ])
})

test('the others are told user_joined and user_left, on a leave', async () => {
  const alice = await enter('alice')
  const bob = await enter('bob')
  expect(await alice.event('user_joined')).toEqual({ user: 'bob' })
  await bob.ask(topic, 'phx_leave')
  expect(await alice.event('user_left')).toEqual({ user: 'bob' })
  await alice.ask(topic, 'get_presence')
  expect(keysOf(await alice.event('presence_state', ({ length }) => length === 1))).toEqual(['alice'])
})

test('and on a connection that breaks', async () => {
  const alice = await enter('alice')
  const bob = await enter('bob')
  await alice.event('user_joined')
  bob.end()
  expect(await alice.event('user_left')).toEqual({ user: 'bob' })
  expect(await alice.event('presence_diff', ({ leaves }) => leaves.length > 0)).toMatchObject({
    leaves: [{ key: 'bob' }],
  })
})

test('who joins or leaves is not told of it themselves', async () => {
  const alice = await enter('alice')
  await alice.ask(topic, 'phx_leave')
  await alice.ask('phoenix', 'heartbeat')
  expect(alice.eventsSoFar()).not.toContain('user_joined')
  expect(alice.eventsSoFar()).not.toContain('user_left')
})

test('get_presence answers the asker with the list', async () => {
  const alice = await enter('alice')
  const bob = await enter('bob')
  await bob.event('presence_state')
  expect((await bob.ask(topic, 'get_presence')).status).toBe('ok')
  expect(keysOf(await bob.event('presence_state'))).toEqual(['alice', 'bob'])
  await alice.ask('phoenix', 'heartbeat')
  expect(alice.eventsSoFar().filter((event) => event === 'presence_state')).toHaveLength(1)
})

test('a topic that is too long is refused with the limit, in bytes; the others hear nothing', async () => {
  const alice = await enter('alice')
  const bob = await ZzzPeer.open(port, 'bob')
  peers.push(bob)
  // 5 + 31 * 4 = 129 bytes, in 67 UTF-16 units.
  expect((await bob.ask(`chat:${'\u{1F600}'.repeat(31)}`, 'phx_join')).response).toMatchObject({
    reason: 'limit_exceeded',
    limit: 'topicBytes',
    max: 128,
    actual: 129,
  })
  await alice.ask('phoenix', 'heartbeat')
  expect(alice.eventsSoFar()).not.toContain('user_joined')
})

test('only chat topics are served', async () => {
  const alice = await enter('alice')
  expect((await alice.ask('room:lobby', 'phx_join')).response).toMatchObject({ reason: 'no such channel' })
})

import { afterEach, describe, expect, test } from 'vitest'
import { RecordingLog } from '../../testing-support/recording-log'
import { ScriptedRedis } from '../../testing-support/scripted-redis'
import { VirtualClock } from '../../testing-support/virtual-clock'
import { CONTROL_TOPIC, NodeMessages } from '../node-messages'
import type { StoredSession, StoreMessage, TopicFeed } from '../store'
import { RedisStore } from './redis-store'

const TOPIC = 'room:x'
const JOIN = { ref: 'r', key: 'k', meta: {}, rev: 0 }
const diffText = (changed: object = {}) => {
  const step = { epoch: 'e', base: 5, was: 50, seq: 6, digest: 60, node: 'n' }
  return JSON.stringify({ k: 'd', ...step, joins: [JOIN], updates: [], leaves: [], ...changed })
}

const FOREIGN = [
  ...['', 'x', '{}', 'null', '[]', '1', '"a"', '{"k":', '['.repeat(100_000), '{"k":1}', '{"k":"z"}'],
  ...['{"k":"d"}', '{"k":"r"}', '{"k":"r","epoch":1}', '{"__proto__":{"k":"d"}}'],
  ...[{ epoch: 1 }, { base: '5' }, { was: null }, { digest: -1 }, { digest: 1.5 }, { node: 7 }].map(diffText),
  // A step that leads far ahead: every later one would count as an old one.
  diffText({ seq: Number.MAX_SAFE_INTEGER }),
  ...[
    { joins: {} },
    { joins: [null] },
    { joins: [{ ...JOIN, ref: 1 }] },
    { joins: [{ ...JOIN, key: 1 }] },
  ].map(diffText),
  ...[
    { joins: [{ ...JOIN, meta: 'x' }] },
    { joins: [{ ...JOIN, rev: -1 }] },
    { updates: [{ ref: 'r' }] },
  ].map(diffText),
  ...[{ leaves: null }, { leaves: [{ ref: 'r', key: 'k', reason: 'bored' }] }].map(diffText),
]

const STATELESS = [
  ...[
    '{"k":"a"}',
    '{"k":"a","epoch":"e","node":"n","former":1}',
    '{"k":"n"}',
    '{"k":"n","ref":"r","node":{}}',
  ],
  ...['{"k":"m"}', '{"k":"m","from":"f","message":null}', '{"k":"m","from":"f","message":{"event":1}}'],
  '{"k":"m","from":"f","message":{"event":"e","payload":1,"isBinary":true}}',
]

class Feed implements TopicFeed {
  readonly got: string[] = []
  isBroken = false

  onSnapshot({ seq }: { readonly seq: number }): void {
    this.got.push(`snapshot ${seq}`)
  }

  onDiff({ seq }: { readonly seq: number }): void {
    if (this.isBroken) throw new Error('the feed fails')
    this.got.push(`diff ${seq}`)
  }

  onMessage({ event }: StoreMessage): void {
    this.got.push(`message ${event}`)
  }
}

const stores: RedisStore[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

function node() {
  const [redis, clock, log, feed] = [new ScriptedRedis(), new VirtualClock(), new RecordingLog(), new Feed()]
  const store = new RedisStore({ connection: 'redis://redis.test', clock, logger: log }, redis)
  const claimed: string[] = []
  store.connect({ onSessionClaimed: (id) => claimed.push(id), onReachable: () => {} })
  stores.push(store)
  const snapshots = () => redis.ran.filter((name) => name === 'snapshot').length
  return { redis, clock, log, feed, store, claimed, snapshots }
}

async function followed() {
  const one = node()
  await one.store.subscribe(TOPIC, one.feed)
  return one
}

describe('[S-110] a message of a topic that this version does not write', () => {
  test.each(FOREIGN)('is dropped, and the state is asked for: %.80s', async (text) => {
    const { redis, clock, log, feed, snapshots } = await followed()
    redis.deliver(TOPIC, text)
    await clock.settle()
    expect(feed.got).toEqual(['snapshot 5'])
    expect(snapshots()).toBe(2)
    expect(log.of('warn')).toMatchObject([{ context: { reason: 'topic', suppressedCount: 0 } }])
    redis.deliver(TOPIC, diffText())
    expect(feed.got).toEqual(['snapshot 5', 'diff 6'])
  })

  test.each(STATELESS)('is dropped alone if its kind changes no state: %.80s', async (text) => {
    const { redis, clock, log, feed, snapshots } = await followed()
    redis.deliver(TOPIC, text)
    await clock.settle()
    expect([feed.got, snapshots(), log.of('warn').length]).toEqual([['snapshot 5'], 1, 1])
  })

  test('may have been a diff: the feed gets what it missed though nothing follows', async () => {
    const { redis, clock, feed } = await followed()
    redis.replies.snapshot = ['e', '6', '60', [], [], []]
    redis.deliver(TOPIC, diffText({ joins: 'lost' }))
    await clock.settle()
    expect(feed.got).toEqual(['snapshot 5', 'snapshot 6'])
  })

  test('while the snapshot is read is followed by another snapshot', async () => {
    const { redis, clock, feed } = await followed()
    redis.deliver(TOPIC, 'x')
    redis.deliver(TOPIC, 'y')
    await clock.settle()
    redis.replies.snapshot = ['e', '6', '60', [], [], []]
    await clock.advance(1000)
    expect(feed.got).toEqual(['snapshot 5', 'snapshot 6'])
  })

  test('costs a snapshot a second at most and a line in the log in ten seconds, however many come', async () => {
    const { redis, clock, log, snapshots } = await followed()
    for (let i = 0; i < 1000; i++) {
      redis.deliver(TOPIC, 'x')
      if (i % 100 === 0) await clock.settle()
    }
    await clock.settle()
    expect([snapshots(), log.of('warn').length]).toEqual([2, 1])
    await clock.advance(1000)
    expect(snapshots()).toBe(3)
    await clock.advance(9500)
    redis.deliver(TOPIC, 'x')
    expect([snapshots(), log.of('warn').map(({ context }) => context.suppressedCount)]).toEqual([4, [0, 999]])
  })

  test('leaves no timer behind once nobody follows the topic', async () => {
    const { redis, clock, store, feed } = node()
    const subscription = await store.subscribe(TOPIC, feed)
    const before = clock.pendingCount
    redis.deliver(TOPIC, 'x')
    await clock.settle()
    expect(clock.pendingCount).toBe(before + 1)
    subscription.cancel()
    expect(clock.pendingCount).toBe(before)
  })

  test('and a reader that throws ends nothing: it is logged, and the state is asked for', async () => {
    const { redis, clock, log, feed, snapshots } = await followed()
    feed.isBroken = true
    redis.deliver(TOPIC, diffText())
    await clock.settle()
    expect(snapshots()).toBe(2)
    expect(log.of('warn')).toMatchObject([
      { context: { message: expect.stringContaining('the feed fails') } },
    ])
  })
})

describe('[S-110] a foreign message', () => {
  const session: StoredSession = {
    ...{
      id: 's',
      identityId: 'i',
      isGuest: false,
      dialect: 'd',
      instance: null,
      current: 'c',
      previous: null,
    },
  }

  test.each([
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"taken":"s"}',
    '{"taken":1,"version":9}',
    '{"taken":"s","version":"9"}',
  ])('in the channel of a node is dropped, and its sessions stay: %j', async (text) => {
    const { redis, log, store, claimed } = node()
    await store.sessions.save(session)
    redis.deliver('{n:', text)
    expect(claimed).toEqual([])
    expect(log.of('warn')).toMatchObject([{ context: { reason: 'node' } }])
    redis.deliver('{n:', '{"taken":"s","version":9}')
    expect(claimed).toEqual(['s'])
  })

  test('in the channel of the messages between nodes is dropped', async () => {
    const { redis, clock, log, store } = node()
    const kicks: unknown[] = []
    new NodeMessages(store, clock, log, (kick) => kicks.push(kick)).open()
    await clock.settle()
    const bus = (payload: unknown) =>
      redis.deliver(CONTROL_TOPIC, JSON.stringify({ k: 'm', from: 'f', message: { event: 'kick', payload } }))
    for (const payload of [null, 1, [], {}, { identity: 'a' }, { identity: 1, reason: 'r' }]) bus(payload)
    redis.deliver(CONTROL_TOPIC, '{"k":"m"}')
    expect(kicks).toEqual([])
    bus({ identity: 'a', reason: 'r' })
    expect(kicks).toEqual([{ target: { identity: 'a' }, reason: 'r' }])
  })
})

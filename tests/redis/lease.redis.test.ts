// Nodes that die, are stopped for too long, and come back.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FrozenClock } from './support/frozen-clock'
import { Line } from './support/line'
import { converge, Member, meant, soon, topic } from './support/member'
import { RedisServer } from './support/redis-server'

const TTL_MS = 1500
/** A lease, the sweep after it, and what a busy machine takes. */
const GONE_MS = TTL_MS * 3

let redis: RedisServer
let systems = 0
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

const freshPrefix = () => `lease:${systems++}`

describe('[S-8] a node that is gone', () => {
  test('without a word: its presences leave once, on every node, with node_lost', async () => {
    const prefix = freshPrefix()
    const line = await Line.start(redis.port)
    const [a, b] = [
      await Member.start('a', { connection: redis.url, prefix }),
      await Member.start('b', { connection: redis.url, prefix }),
    ]
    const lost = await Member.start('lost', { connection: line.url, prefix })
    await Promise.all([a.join(), b.join(), lost.join(), lost.join()])
    await converge([a, b, lost])
    line.stall()
    await converge([a, b], GONE_MS)
    for (const { feed } of [a, b]) {
      expect([...feed.leaves].sort((one, other) => (one.ref < other.ref ? -1 : 1))).toEqual([
        { ref: 'lost-0', reason: 'node_lost' },
        { ref: 'lost-1', reason: 'node_lost' },
      ])
    }
  })

  test('is cleaned up in Redis, too', async () => {
    const prefix = freshPrefix()
    const line = await Line.start(redis.port)
    const a = await Member.start('a', { connection: redis.url, prefix })
    const lost = await Member.start('lost', { connection: line.url, prefix })
    await lost.join()
    line.stall()
    await soon(() => expect(a.feed.leaves).toHaveLength(1), GONE_MS)
    await soon(async () => {
      expect(await redis.command('ZCARD', `${prefix}:{nodes}:l`)).toBe(':1')
      expect(await redis.command('ZCARD', `${prefix}:{nodes}:d`)).toBe(':0')
      expect(await redis.command('EXISTS', `${prefix}:{t:${topic}}:p`)).toBe(':0')
    })
  })

  test('after it closed with nothing left, leaves nothing to be found dead', async () => {
    const prefix = freshPrefix()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const ref = await a.join()
    await a.leave(ref)
    await a.store.close()
    expect(await redis.command('ZCARD', `${prefix}:{nodes}:l`)).toBe(':0')
  })
})

describe('[S-8] a node whose return takes longer than its lease', () => {
  test('keeps the lease meanwhile: nobody is told that it is gone', async () => {
    const prefix = freshPrefix()
    const line = await Line.start(redis.port)
    const near = await Member.start('near', { connection: redis.url, prefix })
    const far = await Member.start('far', { connection: line.url, prefix })
    await Promise.all([near.join(), far.join()])
    const puts = Array.from({ length: 500 }, (_, i) => {
      const change = { op: 'put', ref: `r${i}`, key: 'k', meta: {}, rev: 0, owner: `of ${i}` } as const
      return far.store.commit(`room:${i}`, [change])
    })
    await Promise.all(puts)
    await converge([near, far])
    // Each of these topics takes it a round trip, some at a time.
    line.delayMs = 50
    line.cut()
    const startedMs = performance.now()
    await soon(() => expect(far.reachable).toEqual([false, true]), 20_000)
    expect(performance.now() - startedMs).toBeGreaterThan(TTL_MS)
    expect(near.feed.leaves).toEqual([])
    line.delayMs = 0
    await converge([near, far])
    expect(near.feed.leaves).toEqual([])
  }, 40_000)
})

describe('[S-8] a node that was stopped for longer than its lease', () => {
  test('is told as gone, finds out, and is there again under the same refs', async () => {
    const prefix = freshPrefix()
    const clock = new FrozenClock()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const paused = await Member.start('paused', { connection: redis.url, prefix, clock })
    await Promise.all([a.join(), paused.join()])
    await converge([a, paused])
    clock.freeze()
    await soon(() => expect(a.feed.leaves).toEqual([{ ref: 'paused-0', reason: 'node_lost' }]), GONE_MS)
    clock.thaw()
    await converge([a, paused])
    expect(a.feed.joins.filter((ref) => ref === 'paused-0')).toHaveLength(2)
    await paused.update('paused-0')
    await converge([a, paused])
  })

  test('[S-24] never tells its own that they are gone: they were there all along', async () => {
    const prefix = freshPrefix()
    const clock = new FrozenClock()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const paused = await Member.start('paused', { connection: redis.url, prefix, clock })
    await Promise.all([a.join(), paused.join(), paused.join()])
    await converge([a, paused])
    clock.freeze()
    await soon(() => expect(a.feed.leaves).toHaveLength(2), GONE_MS)
    // What it is told after that it was told as gone comes later in the same channel.
    await a.update('a-0')
    await soon(() => expect(paused.feed.presences).toEqual(meant(a, paused)))
    clock.thaw()
    await converge([a, paused])
    expect(paused.feed.leaves).toEqual([])
  })

  test('finds out before it changes anything', async () => {
    const prefix = freshPrefix()
    const clock = new FrozenClock()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const paused = await Member.start('paused', { connection: redis.url, prefix, clock })
    await paused.join()
    await converge([a, paused])
    clock.freeze()
    await soon(() => expect(a.feed.leaves).toHaveLength(1), GONE_MS)
    // Its timers have not run yet.
    await paused.join()
    await soon(() => expect(a.feed.presences).toEqual(meant(paused)))
    clock.thaw()
    await converge([a, paused])
  })

  test('is refused by the fence even where it trusts its lease, and takes another id', async () => {
    const prefix = freshPrefix()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const script = "return redis.call('ZRANGE', KEYS[1], 0, -1)[1]"
    const idOf = () => redis.text('EVAL', script, '1', `${prefix}:{nodes}:l`).then((text) => text.trim())
    const id = await idOf()
    const b = await Member.start('b', { connection: redis.url, prefix })
    await Promise.all([a.join(), b.join()])
    await converge([a, b])
    await redis.command('HSET', `${prefix}:{t:${topic}}:x`, id, '1')
    await a.store.commit(topic, [{ op: 'put', ref: 'x', key: 'x', meta: {}, rev: 0, owner: 'x' }])
    a.own.set('x', { ref: 'x', key: 'x', meta: {}, rev: 0 })
    await converge([a, b])
    for (const { feed } of [a, b]) expect(feed.leaves).toEqual([])
    const holder = "return string.match(redis.call('HGET', KEYS[1], ARGV[1]), '^%d+:%d+:(%w+)')"
    const key = `${prefix}:{t:${topic}}:p`
    for (const ref of ['"a-0"', '"x"'])
      expect(await redis.text('EVAL', holder, '1', key, ref)).not.toContain(id)
    // The id that it gave up is found without an owner, and costs nobody anything.
    await a.update('a-0')
    await converge([a, b])
  })

  test('gives way where somebody else has adopted what it held', async () => {
    const prefix = freshPrefix()
    const clock = new FrozenClock()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const paused = await Member.start('paused', { connection: redis.url, prefix, clock })
    await paused.join()
    await paused.join()
    await converge([a, paused])
    clock.freeze()
    const adopted = await a.store.adopt(topic, 'of paused-0')
    expect(adopted?.ref).toBe('paused-0')
    await soon(() => expect(a.feed.leaves).toEqual([{ ref: 'paused-1', reason: 'node_lost' }]), GONE_MS)
    clock.thaw()
    await converge([a, paused])
    await a.store.commit(topic, [{ op: 'drop', ref: 'paused-0', reason: 'left' }])
    paused.own.delete('paused-0')
    await converge([a, paused])
  })

  test('with SIGSTOP, as a process', async () => {
    const a = await Member.start('a', { connection: redis.url })
    const program = fileURLToPath(new URL('./support/lonely-node.ts', import.meta.url))
    const child = spawn(
      process.execPath,
      ['--conditions=@rollcall/source', '--import', 'tsx', program, redis.url, topic],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await soon(() => expect(a.feed.refs).toEqual(['far-0', 'far-1']))
    child.kill('SIGSTOP')
    await soon(() => expect(a.feed.refs).toEqual([]), GONE_MS)
    expect(a.feed.leaves.map(({ reason }) => reason)).toEqual(['node_lost', 'node_lost'])
    child.kill('SIGCONT')
    await soon(() => expect(a.feed.refs).toEqual(['far-0', 'far-1']))
    expect(a.feed.problems).toEqual([])
  })
})

describe('[S-24] a node that hands over', () => {
  test('is not found dead before the grace is over, and what is left leaves as drained', async () => {
    const prefix = freshPrefix()
    const a = await Member.start('a', { connection: redis.url, prefix })
    const goes = await Member.start('goes', { connection: redis.url, prefix })
    await goes.join()
    await goes.join()
    await converge([a, goes])
    await goes.store.handOff(TTL_MS * 2)
    await goes.store.close()
    expect((await a.store.adopt(topic, 'of goes-0'))?.ref).toBe('goes-0')
    await pause(TTL_MS * 1.5)
    expect(a.feed.leaves).toEqual([])
    await soon(() => expect(a.feed.leaves).toEqual([{ ref: 'goes-1', reason: 'drained' }]), GONE_MS)
    expect(a.feed.refs).toEqual(['goes-0'])
  })

  test('keeps its word over a reconnect', async () => {
    const prefix = freshPrefix()
    const line = await Line.start(redis.port)
    const a = await Member.start('a', { connection: redis.url, prefix })
    const goes = await Member.start('goes', { connection: line.url, prefix })
    await goes.join()
    await converge([a, goes])
    await goes.store.handOff(TTL_MS * 2)
    line.cut()
    await soon(() => expect(goes.reachable).toEqual([false, true]))
    await pause(TTL_MS * 1.5)
    expect(a.feed.leaves).toEqual([])
    await soon(() => expect(a.feed.leaves).toEqual([{ ref: 'goes-0', reason: 'drained' }]), GONE_MS)
  })
})

describe('[S-25] a session that was claimed while its node was cut off', () => {
  const session = {
    id: 's',
    identityId: 'ada',
    isGuest: false,
    dialect: 'rollcall',
    instance: null,
    current: 'x',
    previous: null,
  }

  test('is told as taken on return, and what it had is not put there again', async () => {
    const prefix = freshPrefix()
    const line = await Line.start(redis.port)
    const a = await Member.start('a', { connection: redis.url, prefix })
    const cut = await Member.start('cut', { connection: line.url, prefix })
    await cut.store.sessions.save(session)
    await cut.store.commit(topic, [{ op: 'put', ref: 'r', key: 'ada', meta: {}, rev: 0, owner: 's' }])
    await soon(() => expect(a.feed.refs).toEqual(['r']))
    line.stall()
    const entry = await a.store.sessions.read('s')
    expect(await a.store.sessions.claim(session, entry?.version ?? -1)).toBe(true)
    expect((await a.store.adopt(topic, 's'))?.ref).toBe('r')
    await a.store.commit(topic, [{ op: 'drop', ref: 'r', reason: 'left' }])
    await a.store.sessions.forget('s')
    await soon(() => expect(cut.reachable).toEqual([false]))
    line.cut()
    line.resume()
    await soon(() => expect(cut.reachable).toEqual([false, true]))
    expect(cut.taken).toEqual(['s'])
    await converge([a, cut])
    expect((await a.store.read(topic)).presences).toEqual([])
    expect(await cut.store.sessions.read('s')).toBe(null)
  })

  test('that Redis has lost is saved again', async () => {
    const own = await RedisServer.start()
    onTestFinished(() => own.dispose())
    const a = await Member.start('a', { connection: own.url })
    await a.store.sessions.save(session)
    await own.command('FLUSHALL')
    await soon(async () => expect((await a.store.sessions.read('s'))?.session).toEqual(session))
    expect(a.taken).toEqual([])
  })
})

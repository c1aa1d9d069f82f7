// Redis goes and comes back: with its data, without, or with older data.

import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { converge, Member, meant, silent, soon, toldAsGone, topic } from './support/member'
import { RedisServer } from './support/redis-server'

const DURABLE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']

async function system(args?: readonly string[]) {
  const redis = await RedisServer.start(args)
  onTestFinished(() => redis.dispose())
  const members = [
    await Member.start('a', { connection: redis.url }),
    await Member.start('b', { connection: redis.url }),
    await Member.start('c', { connection: redis.url }),
  ] as const
  for (const member of members) {
    await member.join()
    await member.join()
  }
  await converge(members)
  return { redis, members }
}

/** Every node knows that Redis is away. */
async function away(members: readonly Member[]): Promise<void> {
  await soon(() => {
    for (const { reachable } of members) expect(reachable.at(-1)).toBe(false)
  })
}

async function back(members: readonly Member[]): Promise<void> {
  await soon(() => {
    for (const { reachable } of members) expect(reachable.at(-1)).toBe(true)
  })
}

describe('[S-11] Redis killed and started again', () => {
  test('with its data: nobody is told anything, and it goes on', async () => {
    const { redis, members } = await system(DURABLE)
    const epochs = members.map(({ feed }) => feed.epoch)
    const calls = members.map(({ feed }) => [feed.snapshots, feed.diffs])
    await redis.kill()
    await away(members)
    await redis.up()
    await back(members)
    expect(members.map(({ feed }) => [feed.snapshots, feed.diffs])).toEqual(calls)
    for (const member of members) await member.join()
    await converge(members)
    expect(members.map(({ feed }) => feed.epoch)).toEqual(epochs)
    expect(toldAsGone(members)).toEqual([])
  })

  test('empty: every node says again what it holds, and each feed is told once, of nobody gone', async () => {
    const { redis, members } = await system()
    const [a, b] = members
    const epoch = a.feed.epoch
    const snapshots = members.map(({ feed }) => feed.snapshots)
    const diffs = members.map(({ feed }) => feed.diffs)
    await redis.kill()
    await away(members)
    await redis.up()
    await back(members)
    await converge(members)
    await soon(() => expect(members.every(({ feed }) => feed.epoch !== epoch)).toBe(true))
    expect(toldAsGone(members)).toEqual([])
    expect(members.map(({ feed }) => feed.snapshots)).toEqual(snapshots.map((count) => count + 1))
    expect(members.map(({ feed }) => feed.diffs)).toEqual(diffs)
    await b.leave('b-0')
    await converge(members)
    expect(toldAsGone(members)).toEqual(['b-0'])
  })

  test('with older data: what was put since is there, what was dropped since is not', async () => {
    const { redis, members } = await system(DURABLE)
    const [a, b, c] = members
    const copy = join(redis.folder, '..', `${redis.port}-older`)
    onTestFinished(() => rm(copy, { recursive: true, force: true }))
    await cp(join(redis.folder, 'appendonlydir'), copy, { recursive: true })
    await a.join()
    await b.update('b-0')
    await c.leave('c-0')
    await converge(members)
    await redis.kill()
    await away(members)
    await rm(join(redis.folder, 'appendonlydir'), { recursive: true })
    await cp(copy, join(redis.folder, 'appendonlydir'), { recursive: true })
    await redis.up()
    await back(members)
    await converge(members)
    expect((await a.store.read(topic)).presences).toHaveLength(meant(...members).length)
    expect(toldAsGone(members)).toEqual(['c-0'])
  })

  test('changed meanwhile: the changes are there afterwards, and only they are told', async () => {
    const { redis, members } = await system()
    const [a, b, c] = members
    await redis.kill()
    await away(members)
    const changes = [a.join(), b.leave('b-1'), c.update('c-0')]
    await redis.up()
    await Promise.all(changes)
    await converge(members)
    expect(toldAsGone(members)).toEqual(['b-1'])
  })

  test('while a node is gone for good: it is told as gone, and the others are not', async () => {
    const { redis, members } = await system()
    const [a, b, c] = members
    await redis.kill()
    await away(members)
    await c.store.close()
    await redis.up()
    await converge([a, b], 7000)
    expect(toldAsGone([a, b])).toEqual(['c-0', 'c-1'])
  })
})

describe('[S-11] a Redis that was emptied while it ran', () => {
  test('is filled again, and nobody is told as gone', async () => {
    const { redis, members } = await system()
    await redis.command('FLUSHALL')
    await soon(async () => {
      const { presences } = await members[0].store.read(topic)
      expect(presences).toHaveLength(6)
    })
    await converge(members)
    expect(toldAsGone(members)).toEqual([])
  })

  test('is filled again by the first change, too', async () => {
    const { redis, members } = await system()
    await redis.command('FLUSHALL')
    await members[1].join()
    await soon(async () => {
      const { presences } = await members[0].store.read(topic)
      expect(presences).toHaveLength(7)
    })
    await converge(members)
    expect(toldAsGone(members)).toEqual([])
  })

  test('of its scripts takes them again', async () => {
    const { redis, members } = await system()
    for (const member of members) {
      await redis.command('SCRIPT', 'FLUSH')
      await member.join()
    }
    await converge(members)
    expect(members.flatMap(({ reachable }) => reachable)).toEqual([])
  })
})

describe('[S-11] ten restarts in a row, half of them empty', () => {
  test('with changes all the time: all feeds are right in the end, and nobody was told as gone who was not', async () => {
    const { redis, members } = await system(DURABLE)
    let isOver = false
    const dropped = new Set<string>()
    const playing = members.map(async (member, i) => {
      for (let step = 0; !isOver; step++) {
        const [oldest] = member.own.keys()
        if (step % 3 === 1 && oldest !== undefined) await member.update(oldest)
        else if (step % 3 === 2 && oldest !== undefined) {
          dropped.add(oldest)
          await member.leave(oldest)
        } else await member.join(`key ${i}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
    for (let round = 0; round < 10; round++) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      await redis.kill()
      if (round % 2 === 1) await rm(join(redis.folder, 'appendonlydir'), { recursive: true, force: true })
      await redis.up()
    }
    isOver = true
    await Promise.all(playing)
    await converge(members)
    expect(toldAsGone(members).filter((ref) => !dropped.has(ref))).toEqual([])
  }, 60_000)
})

test('[S-11] a flood of commits that Redis goes on answering is no lost connection', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const warned: string[] = []
  const warn = (context: object, message: string) => {
    warned.push(`${message}: ${String((context as { err?: unknown }).err)}`)
  }
  const logger = { ...silent, warn }
  const member = await Member.start('a', { connection: redis.url, commandTimeoutMs: 1000, logger })
  const commits = Array.from({ length: 20_000 }, (_, i) =>
    member.store.commit(`room:${i}`, [
      { op: 'put', ref: `r${i}`, key: 'k', meta: {}, rev: 0, owner: `of ${i}` },
    ]),
  )
  const settled = await Promise.allSettled(commits)
  const rejected = settled.filter(({ status }) => status === 'rejected').length
  expect({ rejected, reachable: member.reachable, warned }).toEqual({
    rejected: 0,
    reachable: [],
    warned: [],
  })
}, 60_000)

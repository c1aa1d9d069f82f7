// A bad line between a node and Redis.

import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Line } from './support/line'
import { converge, Member, soon, toldAsGone } from './support/member'
import { RedisServer } from './support/redis-server'

let redis: RedisServer
let systems = 0
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

async function system() {
  const prefix = `line:${systems++}`
  const line = await Line.start(redis.port)
  const near = await Member.start('near', { connection: redis.url, prefix, leaseTtlMs: 6000 })
  const options = { connection: line.url, prefix, leaseTtlMs: 6000, commandTimeoutMs: 300 }
  const far = await Member.start('far', options)
  await Promise.all([near.join(), far.join()])
  await converge([near, far])
  return { line, near, far }
}

describe('[S-11] a line that', () => {
  test('is cut is made anew, and nobody is told as gone', async () => {
    const { line, near, far } = await system()
    for (let i = 0; i < 5; i++) {
      line.cut()
      await near.join()
      await far.join()
    }
    await converge([near, far])
    expect(toldAsGone([near, far])).toEqual([])
    expect(far.reachable.at(-1)).toBe(true)
  })

  test('is dead without a word is given up in time: a commit does not hang', async () => {
    const { line, near, far } = await system()
    line.stall()
    const change = { op: 'put' as const, ref: 'x', key: 'x', meta: {}, rev: 0, owner: 'x' }
    const startedMs = performance.now()
    await expect(far.store.commit('elsewhere', [change])).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(performance.now() - startedMs).toBeLessThan(2000)
    await soon(() => expect(far.reachable).toEqual([false]))
    await near.join()
    line.resume()
    await converge([near, far])
    expect(toldAsGone([near, far])).toEqual([])
  })

  test('takes nothing through to the one that listens only is found by a probe', async () => {
    const { line, near, far } = await system()
    // Nobody asks for anything: what tells that the line is dead is the pulse.
    line.stall()
    await soon(() => expect(far.reachable).toEqual([false]))
    await near.join()
    line.resume()
    await converge([near, far])
  })

  test('is closed on one side is made anew', async () => {
    const { line, near, far } = await system()
    line.halfClose()
    await soon(() => expect(far.reachable).toEqual([false, true]))
    await Promise.all([near.join(), far.join()])
    await converge([near, far])
    expect(toldAsGone([near, far])).toEqual([])
  })

  test('is slow is only slow', async () => {
    const { line, near, far } = await system()
    // The first presence begins the topic's history, which is told as a state.
    await near.join()
    await converge([near, far])
    const { snapshots } = far.feed
    line.delayMs = 60
    await Promise.all([near.join(), far.join(), near.join(), far.join(), near.join(), far.join()])
    await converge([near, far])
    expect(far.feed.snapshots).toBe(snapshots)
    expect(far.reachable).toEqual([])
  })

  test('gives late what was sent before: it has no effect any more', async () => {
    const { line, near, far } = await system()
    const put = (ref: string) => ({ op: 'put' as const, ref, key: 'far', meta: {}, rev: 0, owner: ref })
    await far.store.commit('late', [put('early')])
    line.stallPresent()
    // Under way when the line is given up, and in Redis only after the node has come back by another.
    await expect(far.store.commit('late', [put('late')])).rejects.toMatchObject({ code: 'store_unavailable' })
    await soon(() => expect(far.reachable).toEqual([false, true]))
    await far.store.commit('late', [{ op: 'drop', ref: 'late', reason: 'left' }])
    const before = await near.store.read('late')
    expect(before.presences.map(({ ref }) => ref)).toEqual(['early'])
    line.resume()
    await pause(100)
    expect(await near.store.read('late')).toEqual(before)
  })
})

import { digestOf, digestOfOne, type Presence, type PresenceDiff } from '@rollcall/shared-protocol'
import { describe, expect, test, vi } from 'vitest'
import { resolveSocketOptions } from '../options'
import { VirtualClock } from '../testing/virtual-clock'
import { PresenceFeed } from './presence-feed'

/* What is done for nobody: a list, a view. What a diff costs, whatever the map holds. */

type Meta = { n: number }
const presence = (n: number): Presence<Meta> => ({ ref: `p${n}`, key: `k${n}`, meta: { n }, rev: 0 })

function feedOf(count: number) {
  const feed = new PresenceFeed<Meta>(
    resolveSocketOptions({ clock: new VirtualClock(), random: () => 0.5 }),
    () => {
      throw new Error('Nothing was to be asked for.')
    },
    () => 0,
  )
  const presences = Array.from({ length: count }, (_, n) => presence(n))
  let digest = digestOf(presences)
  let seq = 0
  const state = () =>
    feed.dispatch({ kind: 'state', snapshot: { epoch: 'e1', seq: seq++, digest, presences } })
  /** One comes, changes, and goes: three diffs. */
  const visit = (n: number) => {
    const { ref, key, meta, rev } = presence(n)
    const changes: Pick<PresenceDiff, 'joins' | 'updates' | 'leaves'>[] = [
      { joins: [{ ref, key, meta, rev }], updates: [], leaves: [] },
      { joins: [], updates: [{ ref, rev: 1, meta: { n: -n } }], leaves: [] },
      { joins: [], updates: [], leaves: [{ ref, key, reason: 'left' }] },
    ]
    const without = digest
    const digests = [digestOfOne(ref, 0), digestOfOne(ref, 1), 0]
    changes.forEach((change, index) => {
      digest = (without + (digests[index] ?? 0)) >>> 0
      const diff: PresenceDiff = { epoch: 'e1', base: seq - 1, seq: seq++, digest, ...change }
      feed.dispatch({ kind: 'diff', diff })
    })
  }
  feed.dispatch({ kind: 'joined' })
  return { feed, state, visit }
}

describe('[C-9] what nobody asks for is not made', () => {
  test('a list, with a state and with every diff', () => {
    const { feed, state, visit } = feedOf(10)
    const list = vi.spyOn(feed.map, 'list')
    feed.changes.subscribe(() => {})
    feed.listeners.on('join', () => {})
    state()
    visit(10)
    expect(list).not.toHaveBeenCalled()
    expect(feed.view.list).toHaveLength(10)
    expect(list).toHaveBeenCalledTimes(1)
    const sizes: number[] = []
    feed.listeners.on('sync', ({ size }) => sizes.push(size))
    state()
    visit(10)
    expect(sizes).toEqual([10])
    expect(list).toHaveBeenCalledTimes(2)
  })
})

test('a diff costs what it changes: a map of a hundred times as many takes it about as fast', () => {
  const visits = (count: number) => {
    const { feed, state, visit } = feedOf(count)
    feed.listeners.on('sync', () => {})
    state()
    const times = Array.from({ length: 5 }, () => {
      const beganAt = performance.now()
      for (let n = count; n < count + 300; n++) visit(n)
      return performance.now() - beganAt
    })
    expect(feed.map.size).toBe(count)
    expect(feed.resyncCount).toBe(0)
    return Math.min(...times)
  }
  // One copy, or one look through all of them, would take a hundred times as long. A busy machine may make it seem more
  // for once, never less: the first of a few tries that is fast enough will do.
  let growth = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 5 && growth >= 30; tries++) growth = visits(50_000) / visits(500)
  expect(growth).toBeLessThan(30)
}, 60_000)

import assert from 'node:assert/strict'
import { eventually } from './eventually'
import {
  type ConformanceRunner,
  type DefineTest,
  drop,
  follow,
  ownerOf,
  presence,
  put,
  topic,
} from './store-feed'

/** The grace of a handoff in these tests, in milliseconds. */
const GRACE_MS = 300

/** Tests which node holds a presence, and how another one adopts it. */
export function holdingConformance(
  { describe }: Pick<ConformanceRunner, 'describe'>,
  test: DefineTest,
): void {
  describe('a presence that another node holds', () => {
    test('[S-22] is neither updated nor dropped: no effect, no seq', 2, async (one, other) => {
      const feed = await follow(one)
      const before = await one.commit(topic, [put('a', 'ada')])
      assert.deepEqual(await other.commit(topic, [put('a', 'ada', 5)]), before)
      assert.deepEqual(await other.commit(topic, [drop('a')]), before)
      assert.deepEqual(feed.presences, [presence('a', 'ada')])
      await one.commit(topic, [put('a', 'ada', 1)])
      assert.deepEqual(feed.presences, [presence('a', 'ada', 1)])
      feed.verify()
    })

    test('[S-22] does not keep what else is in a commit from having its effect', 2, async (one, other) => {
      await one.commit(topic, [put('a', 'ada')])
      const feed = await follow(other)
      await other.commit(topic, [drop('a'), put('b', 'bob')])
      await eventually(() => assert.deepEqual(feed.presences, [presence('a', 'ada'), presence('b', 'bob')]))
      feed.verify()
    })

    test('[S-22] that has left can be put by any node', 2, async (one, other) => {
      await one.commit(topic, [put('a', 'ada')])
      await one.commit(topic, [drop('a')])
      await other.commit(topic, [put('a', 'ada', 1)])
      await one.commit(topic, [drop('a')])
      assert.deepEqual((await one.read(topic)).presences, [presence('a', 'ada', 1)])
    })
  })

  describe('adopt', () => {
    test('[S-22] adopts a presence unchanged, and no feed is notified', 2, async (one, other) => {
      const before = await one.commit(topic, [put('a', 'ada', 3)])
      const feed = await follow(one)
      assert.deepEqual(await other.adopt(topic, ownerOf('a')), presence('a', 'ada', 3))
      assert.deepEqual(await one.commit(topic, [drop('a'), put('a', 'ada', 9)]), before)
      await other.commit(topic, [put('a', 'ada', 4)])
      await eventually(() => assert.deepEqual(feed.presences, [presence('a', 'ada', 4)]))
      assert.deepEqual([feed.diffs.length, feed.snapshots.length], [1, 1])
      feed.verify()
    })

    test('[S-22] keeps meta letter for letter', 2, async (one, other) => {
      const meta = JSON.parse('{"b":1e21,"a":[],"__proto__":{"x":{}},"é":"\\u0000","n":0.1}')
      await one.commit(topic, [put('a', '__proto__', 0, meta)])
      const adopted = await other.adopt(topic, ownerOf('a'))
      assert.equal(adopted?.key, '__proto__')
      assert.equal(JSON.stringify(adopted?.meta), JSON.stringify(meta))
    })

    test('[S-22] of what the node holds itself changes nothing', 1, async (store) => {
      await store.commit(topic, [put('a', 'ada')])
      assert.deepEqual(await store.adopt(topic, ownerOf('a')), presence('a', 'ada'))
      await store.commit(topic, [put('a', 'ada', 1)])
      assert.deepEqual((await store.read(topic)).presences, [presence('a', 'ada', 1)])
    })

    test('[S-22] for an owner without a presence is null', 2, async (one, other) => {
      assert.equal(await one.adopt('nobody:here', 'x'), null)
      await one.commit(topic, [put('a', 'ada')])
      assert.equal(await other.adopt(topic, 'x'), null)
      assert.equal(await other.adopt('elsewhere', ownerOf('a')), null)
      await one.commit(topic, [drop('a')])
      assert.equal(await other.adopt(topic, ownerOf('a')), null)
    })

    test('[S-22] finds what the owner has now, not what it had under another key', 2, async (one, other) => {
      const owner = 'the same'
      await one.commit(topic, [{ ...put('a', 'ada'), owner } as ReturnType<typeof put>])
      await one.commit(topic, [
        { ...put('b', 'bob'), owner } as ReturnType<typeof put>,
        drop('a', 'replaced'),
      ])
      assert.deepEqual(await other.adopt(topic, owner), presence('b', 'bob'))
    })

    test('[S-22] by two nodes at once leaves it to one of them', 4, async (one, ...others) => {
      await one.commit(topic, [put('a', 'ada')])
      const adopted = await Promise.all(others.map((node) => node.adopt(topic, ownerOf('a'))))
      assert.deepEqual(
        adopted,
        others.map(() => presence('a', 'ada')),
      )
      // Each node puts a different rev, and only the holder's put has an effect.
      for (const [i, node] of others.entries()) await node.commit(topic, [put('a', 'ada', 1 + i, { i })])
      const { presences } = await one.read(topic)
      const holder = Number(presences[0]?.meta.i)
      assert.equal(presences.length, 1)
      for (const [i, node] of others.entries()) if (i !== holder) await node.commit(topic, [drop('a')])
      assert.equal((await one.read(topic)).presences.length, 1)
      await others[holder]?.commit(topic, [drop('a')])
      assert.equal((await one.read(topic)).presences.length, 0)
    })
  })

  describe('count', () => {
    test('[S-23] is how many are present, on all nodes', 2, async (one, other) => {
      assert.equal(await one.count(topic), 0)
      await one.commit(topic, [put('a', 'ada'), put('b', 'ada')])
      await other.commit(topic, [put('c', 'cy')])
      assert.deepEqual([await one.count(topic), await other.count(topic)], [3, 3])
      await one.commit(topic, [drop('a'), put('b', 'ada', 1)])
      assert.deepEqual([await one.count(topic), await other.count(topic)], [2, 2])
      assert.equal(await one.count('elsewhere'), 0)
    })
  })

  describe('handOff', () => {
    test('[S-24] keeps what is there for the grace, then it leaves as drained', 2, async (one, other) => {
      const feed = await follow(other)
      await one.commit(topic, [put('a', 'ada'), put('b', 'bob')])
      await one.commit('room:second', [put('c', 'cy')])
      await other.commit(topic, [put('o', 'oda')])
      await eventually(() => assert.equal(feed.presences.length, 3))
      await one.handOff(GRACE_MS)
      assert.equal((await other.read(topic)).presences.length, 3)
      await eventually(() => assert.deepEqual(feed.presences, [presence('o', 'oda')]))
      const leaves = feed.diffs.flatMap((diff) => diff.leaves)
      assert.deepEqual(leaves.map(({ key, reason }) => `${key} ${reason}`).sort(), [
        'ada drained',
        'bob drained',
      ])
      await eventuallyEmpty(() => other.count('room:second'))
      feed.verify()
    })

    test('[S-24] leaves what is adopted in time where it is', 2, async (one, other) => {
      await one.commit(topic, [put('a', 'ada'), put('b', 'bob')])
      const feed = await follow(other)
      await one.handOff(GRACE_MS)
      assert.deepEqual(await other.adopt(topic, ownerOf('a')), presence('a', 'ada'))
      await one.close()
      await eventually(() => assert.deepEqual(feed.presences, [presence('a', 'ada')]))
      assert.deepEqual(
        feed.diffs.flatMap((diff) => diff.leaves),
        [{ ref: 'b', key: 'bob', reason: 'drained' }],
      )
      feed.verify()
    })
  })
}

async function eventuallyEmpty(count: () => Promise<number>): Promise<void> {
  let left = -1
  const look = async () => {
    left = await count()
  }
  await look()
  await eventually(() => {
    // A count may still be pending when the store closes.
    look().catch(() => {})
    assert.equal(left, 0)
  })
}

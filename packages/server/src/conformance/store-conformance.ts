import assert from 'node:assert/strict'
import type { Store, StoreMessage } from '../store/store'
import { eventually } from './eventually'
import {
  byRef,
  type ConformanceRunner,
  connected,
  drop,
  follow,
  type Node,
  type OpenNodes,
  presence,
  put,
  RecordingFeed,
  topic,
} from './store-feed'
import { holdingConformance } from './store-holding'
import { playSchedule } from './store-schedule'
import { sessionConformance } from './store-sessions'

/*
 *   storeConformance({ describe, test }, openNodes)
 *
 * The requirements on a store, as tests for any test runner (vitest, node:test, Jest). The server relies on all of them and
 * on nothing else.
 */

export type { ConformanceRunner, OpenNodes }

/**
 * Defines the suite.
 *
 * @example
 * import { describe, test } from 'node:test'
 * storeConformance({ describe, test }, async (count) => {
 *   const state = new MemoryStoreState('')
 *   return { nodes: Array.from({ length: count }, () => new MemoryStore(state)) }
 * })
 */
export function storeConformance(
  { describe, test: define }: ConformanceRunner,
  openNodes: (count: number) => Promise<OpenNodes>,
): void {
  const on = (count: number, body: (...nodes: Node[]) => Promise<void>) => async () => {
    const opened = await openNodes(count)
    try {
      await body(...opened.nodes.map(connected))
    } finally {
      for (const node of opened.nodes) await node.close()
      await opened.dispose?.()
    }
  }
  const test = (name: string, count: number, body: (...nodes: Node[]) => Promise<void>) =>
    define(name, on(count, body))

  describe('commit', () => {
    test('[S-18] is one step of the history, whatever is in it', 1, async (store) => {
      const feed = await follow(store)
      const first = await store.commit(topic, [put('a', 'ada'), put('b', 'bob')])
      assert.equal(feed.diffs.length, 1)
      assert.deepEqual(feed.position, first)
      const second = await store.commit(topic, [put('a', 'ada', 1), drop('b', 'timeout'), put('c', 'cy')])
      const diff = feed.diffs[1]
      assert.deepEqual([diff?.base, diff?.seq], [first.seq, second.seq])
      assert.deepEqual(diff?.joins, [presence('c', 'cy')])
      assert.deepEqual(diff?.updates, [{ ref: 'a', rev: 1, meta: { rev: 1 } }])
      assert.deepEqual(diff?.leaves, [{ ref: 'b', key: 'bob', reason: 'timeout' }])
      feed.verify()
    })

    test('[S-18] resolves after this node’s own feed has had the diff', 1, async (store) => {
      const feed = await follow(store)
      const committed = store.commit(topic, [put('a', 'ada')])
      const seen = await committed.then(() => feed.presences)
      assert.deepEqual(seen, [presence('a', 'ada')])
    })

    test('[S-18] without any effect takes no seq and notifies no feed', 1, async (store) => {
      const feed = await follow(store)
      const before = await store.commit(topic, [put('a', 'ada', 3)])
      for (const nothing of [
        [],
        [put('a', 'ada', 3)],
        [put('a', 'ada', 2, { late: true })],
        [drop('unknown')],
        [put('x', 'xi'), drop('x')],
      ]) {
        assert.deepEqual(await store.commit(topic, nothing), before, JSON.stringify(nothing))
      }
      assert.equal(feed.diffs.length, 1)
      assert.deepEqual(feed.presences, [presence('a', 'ada', 3)])
      feed.verify()
    })

    test('[S-18] keeps the effect of what is in it beside what has none', 1, async (store) => {
      const feed = await follow(store)
      await store.commit(topic, [put('a', 'ada', 3)])
      await store.commit(topic, [put('a', 'ada', 2), drop('unknown'), put('b', 'bob')])
      assert.deepEqual(feed.presences, [presence('a', 'ada', 3), presence('b', 'bob')])
      feed.verify()
    })

    test('[S-18] takes one topic’s seq and no other’s', 1, async (store) => {
      const feed = await follow(store)
      const before = await store.commit(topic, [put('a', 'ada')])
      await store.commit('elsewhere', [put('b', 'bob')])
      const after = await store.commit(topic, [put('c', 'cy')])
      assert.equal(after.seq, before.seq + 1)
      assert.deepEqual(
        feed.presences.map(({ ref }) => ref),
        ['a', 'c'],
      )
    })

    test('[S-18] at once with others takes its place in the one order', 2, async (one, other) => {
      const feeds = [await follow(one), await follow(other)]
      const positions = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          (i % 2 ? one : other).commit(topic, [put(`r${i}`, `k${i % 7}`)]),
        ),
      )
      assert.equal(new Set(positions.map(({ seq }) => seq)).size, 40)
      await eventually(() => {
        for (const feed of feeds) assert.equal(feed.presences.length, 40)
      })
      assert.deepEqual(feeds[0]?.diffs, feeds[1]?.diffs)
      for (const feed of feeds) feed.verify()
    })

    test('[S-10] takes topics, keys, refs and metas of whatever name', 1, async (store) => {
      for (const name of ['__proto__', 'constructor', '', '👩‍👧', 'a:b{c}*?', ' \n"\\', 'n'.repeat(2000)]) {
        const feed = await follow(store, name)
        const meta = JSON.parse(`{${JSON.stringify(name)}: [{"__proto__": null}]}`)
        await store.commit(name, [put(`ref-${name.length}`, name, 0, meta)])
        assert.deepEqual(
          feed.presences.map(({ key }) => key),
          [name],
        )
        assert.equal(JSON.stringify(feed.presences[0]?.meta), JSON.stringify(meta))
        const read = await store.read(name)
        assert.equal(JSON.stringify(read.presences[0]?.meta), JSON.stringify(meta))
        feed.verify()
      }
    })

    test('[S-18] of thousands is one step, too', 1, async (store) => {
      const feed = await follow(store)
      const crowd = Array.from({ length: 5000 }, (_, i) => put(`r${i}`, `k${i % 1000}`))
      await store.commit(topic, crowd)
      assert.equal(feed.diffs.length, 1)
      assert.equal(feed.presences.length, 5000)
      feed.verify()
    })
  })

  describe('subscribe', () => {
    test('[S-18] begins with the state as it is, even of a topic that nobody is in', 1, async (store) => {
      const empty = await follow(store)
      assert.deepEqual(empty.presences, [])
      await store.commit(topic, [put('a', 'ada')])
      const late = await follow(store)
      assert.deepEqual(late.presences, [presence('a', 'ada')])
      assert.deepEqual(late.position, empty.position)
      assert.deepEqual(late.diffs, [])
    })

    test('[S-18] ends with cancel: nothing reaches the feed any more', 2, async (store, other) => {
      const feed = new RecordingFeed()
      const stays = await follow(store)
      const subscription = await store.subscribe(topic, feed)
      subscription.cancel()
      subscription.cancel()
      await store.commit(topic, [put('a', 'ada')])
      await other.publish(topic, { event: 'e', payload: 1 })
      await eventually(() => assert.equal(stays.messages.length, 1))
      assert.equal(feed.callCount, 1)
      assert.equal(stays.presences.length, 1)
    })

    test('[S-18] cancelled by another feed, it does not receive that same diff', 1, async (store) => {
      const [canceller, cancelled] = [new RecordingFeed(), new RecordingFeed()]
      let cancelOther = () => {}
      const cancelling = {
        onSnapshot: () => {},
        onMessage: () => {},
        onDiff: () => cancelOther(),
      }
      await store.subscribe(topic, cancelling)
      cancelOther = (await store.subscribe(topic, cancelled)).cancel
      await store.subscribe(topic, canceller)
      await store.commit(topic, [put('a', 'ada')])
      assert.equal(cancelled.callCount, 1)
      assert.equal(canceller.diffs.length, 1)
    })

    test('[S-18] again after everybody left goes on, or begins another epoch', 1, async (store) => {
      const before = await store.commit(topic, [put('a', 'ada')])
      const emptied = await store.commit(topic, [drop('a')])
      assert.ok(emptied.seq > before.seq)
      const feed = await follow(store)
      if (feed.position?.epoch === before.epoch) assert.ok(feed.position.seq >= emptied.seq)
      await store.commit(topic, [put('b', 'bob')])
      assert.deepEqual(feed.presences, [presence('b', 'bob')])
      feed.verify()
    })
  })

  describe('read', () => {
    test('[S-18] is the state now', 2, async (one, other) => {
      await one.commit(topic, [put('a', 'ada'), put('b', 'bob')])
      const position = await one.commit(topic, [drop('a')])
      for (const store of [one, other]) {
        const { epoch, seq, presences } = await store.read(topic)
        assert.deepEqual({ epoch, seq }, position)
        assert.deepEqual(presences, [presence('b', 'bob')])
      }
    })

    test('[S-18] of a topic that nobody is in is empty', 1, async (store) => {
      const { presences, digest } = await store.read('nobody:here')
      assert.deepEqual([presences, digest], [[], 0])
    })
  })

  describe('publish', () => {
    test('[S-18] reaches the feeds of the topic on all other nodes, in order', 3, async (one, two, three) => {
      const feeds = [await follow(one), await follow(two), await follow(three)]
      const elsewhere = await follow(two, 'elsewhere')
      const messages: StoreMessage[] = Array.from({ length: 19 }, (_, i) => ({
        event: 'e',
        payload: { i, text: '__proto__' },
      }))
      messages.push({ event: 'bytes', payload: 'AQID', isBinary: true })
      for (const message of messages) await one.publish(topic, message)
      await eventually(() => {
        for (const feed of feeds.slice(1)) assert.equal(feed.messages.length, 20)
      })
      assert.deepEqual(feeds.map((feed) => feed.messages).slice(1), [messages, messages])
      assert.deepEqual(feeds[0]?.messages, [])
      assert.deepEqual(elsewhere.messages, [])
    })

    test('[S-18] to a topic that nobody follows is no failure', 1, async (store) => {
      await store.publish('nobody:here', { event: 'e', payload: null })
    })
  })

  describe('close', () => {
    test('[S-18] ends this node’s subscriptions, and no other’s', 2, async (one, other) => {
      const [ended, stays] = [await follow(one), await follow(other)]
      await one.close()
      await other.commit(topic, [put('b', 'bob')])
      assert.equal(ended.callCount, 1)
      assert.deepEqual(
        stays.presences.map(({ ref }) => ref),
        ['b'],
      )
    })
  })

  holdingConformance({ describe }, test)
  sessionConformance({ describe }, test)

  describe('several nodes', () => {
    test('[S-11] hold the same map, whoever changed it', 3, async (...nodes) => {
      const feeds = await Promise.all(nodes.map((node) => follow(node)))
      for (const [i, node] of nodes.entries())
        await node.commit(topic, [put(`n${i}`, 'ada'), put(`m${i}`, `k${i}`)])
      await nodes[0]?.commit(topic, [drop('n0', 'left')])
      const { presences } = await (nodes[2] as Store).read(topic)
      assert.equal(presences.length, 5)
      await eventually(() => {
        for (const feed of feeds) assert.deepEqual(feed.presences, byRef(presences))
      })
      for (const feed of feeds) feed.verify()
    })

    for (const count of [1, 2, 4]) {
      for (let seed = 1; seed <= 5; seed++) {
        test(`[S-11] random schedule ${seed} on ${count}`, count, (...nodes) => playSchedule(nodes, seed))
      }
    }
  })
}

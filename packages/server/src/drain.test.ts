import { describe, expect, test } from 'vitest'
import { GRACE_MS, hello } from './testing-support/held-session'
import { type SharingNode, sharedNodes } from './testing-support/shared-nodes'
import { handshake, type Peer, TestNode } from './testing-support/test-node'

const topic = 'room:lobby'

async function crowd(node: TestNode, count: number): Promise<Peer[]> {
  const peers: Peer[] = []
  for (let i = 0; i < count; i++) peers.push(await node.native(`p${i}`))
  return peers
}

const openOf = (peers: readonly Peer[]) => peers.filter(({ wire }) => wire.closedWith === null).length

describe('[S-29] a node that drains', () => {
  test('ends its connections one by one with 1012, evenly over the time', async () => {
    const node = new TestNode()
    const peers = await crowd(node, 100)
    let isDrained = false
    const drained = node.node.drain(10_000).then(() => {
      isDrained = true
    })
    for (let second = 1; second <= 10; second++) {
      expect(isDrained).toBe(false)
      await node.clock.advance(1000)
      expect(Math.abs(openOf(peers) - (100 - 10 * second))).toBeLessThanOrEqual(1)
    }
    await drained
    expect(new Set(peers.map(({ wire }) => wire.closedWith?.code))).toEqual(new Set([1012]))
  })

  test('is not ready, and takes nobody', async () => {
    const node = new TestNode()
    const [peer] = await crowd(node, 1)
    const late = await node.node.admit(handshake())
    expect(node.node.readiness).toEqual([])
    void node.node.drain(10_000)
    expect(node.node.readiness).toEqual(['draining'])
    expect(await node.refusal({})).toMatchObject({ status: 503, reason: 'draining' })
    expect(peer?.wire.isOpen).toBe(true)
    expect('status' in late).toBe(false)
  })

  test('answers whoever is still there', async () => {
    const node = new TestNode()
    const [, last] = await crowd(node, 2)
    void node.node.drain(10_000)
    await node.clock.advance(1000)
    const frames = await last?.ask(['j', '1', topic, 'phx_join', {}])
    expect(frames?.[0]).toMatchObject(['j', '1', topic, 'phx_reply', { status: 'ok' }])
  })

  test('and closes before the time is over ends the rest at once', async () => {
    const node = new TestNode()
    const peers = await crowd(node, 10)
    const drained = node.node.drain(10_000)
    await node.clock.advance(1000)
    expect(openOf(peers)).toBeGreaterThan(5)
    const closed = node.node.close()
    await node.clock.settle()
    await Promise.all([drained, closed])
    expect(openOf(peers)).toBe(0)
    expect(node.clock.pendingCount).toBe(0)
    expect(node.node.readiness).toEqual(['closing'])
  })

  test('with nobody there is done at once; a second drain waits for the first', async () => {
    const node = new TestNode()
    await node.node.drain(10_000)
    const other = new TestNode()
    await crowd(other, 3)
    const both = Promise.all([other.node.drain(1000), other.node.drain(60_000)])
    await other.clock.advance(1000)
    await both
  })

  test('leaves nobody missing where its clients go on elsewhere', async () => {
    const { clock, nodes } = sharedNodes(2)
    const [here, there] = nodes as [SharingNode, SharingNode]
    const watcher = await there.native('watcher')
    await watcher.join(topic)
    const people = await crowd(here, 20)
    const tokens: string[] = []
    for (const peer of people) {
      tokens.push((await hello(peer, undefined, 'i')).token)
      await peer.join(topic)
    }
    await clock.advance(300)
    await watcher.heard()
    const drained = here.node.drain(3000)
    const moved = new Set<Peer>()
    for (let ms = 0; ms < 3000; ms += 100) {
      await clock.advance(100)
      for (const [i, peer] of people.entries()) {
        if (peer.wire.closedWith === null || moved.has(peer)) continue
        moved.add(peer)
        const again = await there.native(`p${i}`)
        expect(await hello(again, tokens[i], 'i')).toMatchObject({ resumed: true })
        await again.join(topic, {}, '2')
      }
    }
    await drained
    const closed = here.node.close()
    await clock.advance(3 * GRACE_MS)
    await closed
    expect(moved.size).toBe(20)
    expect(await watcher.heard()).toEqual([])
    expect(await there.registry.count(topic)).toBe(21)
  })
})

describe('[S-30] readiness', () => {
  test('a node that cannot reach its store says so until it can', async () => {
    const { nodes } = sharedNodes(1)
    const [node] = nodes as [SharingNode]
    node.store.setDown(true)
    expect(node.node.readiness).toEqual(['store_unreachable'])
    node.store.setDown(false)
    expect(node.node.readiness).toEqual([])
  })

  test('[S-77] and the code with which the store refuses, until it is back', async () => {
    const { nodes } = sharedNodes(1)
    const [node] = nodes as [SharingNode]
    expect(node.node.storeErrorCode).toBeNull()
    node.store.errorCode = 'OOM'
    node.store.setDown(true)
    expect(node.node.storeErrorCode).toBe('OOM')
    node.store.setDown(false)
    expect(node.node.storeErrorCode).toBeNull()
  })
})

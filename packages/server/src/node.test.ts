import { describe, expect, test } from 'vitest'
import { MemoryStore, MemoryStoreState } from './store/memory/memory-store'
import { GRACE_MS } from './testing-support/held-session'
import { ScriptedStore } from './testing-support/scripted-store'
import { type Peer, TestNode } from './testing-support/test-node'
import { VirtualClock } from './testing-support/virtual-clock'

const topic = 'room:lobby'

async function joined(node: TestNode, userId: string): Promise<Peer> {
  const peer = await node.native(userId)
  await peer.ask([null, 'h', 'rollcall', 'hello', {}])
  await peer.join(topic)
  await node.clock.advance(300)
  await peer.heard()
  return peer
}

/** Two nodes in one presence system. */
function two() {
  const clock = new VirtualClock()
  const state = new MemoryStoreState('e', { clock })
  const store = new ScriptedStore(new MemoryStore(state))
  const here = new TestNode({ clock, seed: 1, store })
  const there = new TestNode({ clock, seed: 2, store: new MemoryStore(state) })
  return { clock, store, here, there }
}

describe('two nodes over one store', () => {
  test('[S-11] tell each other’s members the same, and pass broadcasts on', async () => {
    const { clock, here, there } = two()
    const ada = await joined(here, 'ada')
    const bob = await joined(there, 'bob')
    expect(await ada.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { joins: [{ key: 'bob' }] }],
    ])
    await ada.ask(['j', '1', topic, 'say', { text: 'hi' }])
    expect(await bob.heard()).toEqual([[null, null, topic, 'say', { text: 'hi' }]])
    await ada.ask(['j', '2', topic, 'phx_leave', {}])
    await clock.advance(300)
    expect(await bob.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ key: 'ada' }] }],
    ])
  })

  test('have refs, sessions and epochs of their own', async () => {
    const { here, there } = two()
    await joined(here, 'ada')
    await joined(there, 'bob')
    const refs = (await here.registry.list(topic)).map(({ ref }) => ref)
    expect(new Set(refs).size).toBe(2)
  })
})

describe('a node that closes', () => {
  test('ends its connections with 1012 and its sessions, and leaves no timer', async () => {
    const node = new TestNode()
    const peers = [await joined(node, 'ada'), await joined(node, 'bob')]
    peers[1]!.wire.end(1006)
    expect(node.node.sessionCount).toBe(2)
    const closed = node.node.close()
    await node.clock.settle()
    await closed
    expect(peers[0]!.wire.closedWith?.code).toBe(1012)
    expect([node.node.connectionCount, node.node.sessionCount, node.registry.topicCount]).toEqual([0, 0, 0])
    expect(node.clock.pendingCount).toBe(0)
  })

  test('waits for peers that take their time', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    ada.wire.isAlive = false
    let isClosed = false
    const closed = node.node.close().then(() => {
      isClosed = true
    })
    await node.clock.settle()
    expect(isClosed).toBe(false)
    ada.wire.end(1012)
    await node.clock.settle()
    await closed
  })

  test('[S-8] leaves no ghosts in a store that others share: neither of connections, nor of sessions, nor its own', async () => {
    const { clock, here, there } = two()
    const bob = await joined(there, 'bob')
    await joined(here, 'ada')
    const lost = await joined(here, 'lost')
    lost.wire.end(1006)
    here.registry.track('program', topic, 'bot', {})
    await clock.advance(300)
    await bob.heard()
    const closed = here.node.close()
    await clock.advance(300)
    await closed
    expect(await there.registry.list(topic)).toHaveLength(4)
    await clock.advance(GRACE_MS)
    expect((await there.registry.list(topic)).map(({ key }) => key)).toEqual(['bob'])
    const left = (await bob.heard()).flatMap(([, , , , diff]) =>
      diff.leaves.map(({ key, reason }: { key: string; reason: string }) => `${key} ${reason}`),
    )
    expect(left.sort()).toEqual(['ada drained', 'bot drained', 'lost drained'])
  })

  test('does not wait for a store that is down any longer than closeTimeoutMs', async () => {
    const { clock, store, here } = two()
    await joined(here, 'ada')
    store.isDown = true
    here.registry.track('program', topic, 'bot', {})
    let isClosed = false
    const closed = here.node.close().then(() => {
      isClosed = true
    })
    await clock.advance(1500)
    expect(isClosed).toBe(false)
    await clock.advance(1000)
    await closed
    expect(isClosed).toBe(true)
    expect(here.registry.topicCount).toBe(0)
  })
})

describe('the answer to a hello', () => {
  test('says who the session is and what the server expects', async () => {
    const node = new TestNode()
    const ada = await node.native('ada')
    const [[, , , , { response }]] = (await ada.ask([null, '1', 'rollcall', 'hello', {}])) as [
      [null, string, string, string, { response: object }],
    ]
    expect(response).toMatchObject({
      session: expect.stringMatching(/^[0-9a-z]+$/),
      token: expect.stringMatching(/^[0-9a-z]+\.[0-9a-z]{40,}$/),
      resumed: false,
      identity: { id: 'ada' },
      wire: expect.any(Number),
      ping_interval_ms: 20_000,
      pong_timeout_ms: 10_000,
      grace_ms: 10_000,
      limits: { topic_bytes: 128, key_bytes: 64, meta_bytes: 256, frame_bytes: 65_536 },
    })
  })

  const settlingMs = async (node: TestNode) => {
    const peer = await node.native('ada')
    const [[, , , , { response }]] = (await peer.ask([null, '1', 'rollcall', 'hello', {}])) as [
      [null, string, string, string, { response: { settling_ms: number } }],
    ]
    return response.settling_ms
  }

  test('[S-20] says how much longer those who were there before it started may be on their way', async () => {
    const node = new TestNode({ grace: { graceMs: 4000 } })
    const startedMs = node.clock.now()
    await node.clock.advance(1500)
    expect(await settlingMs(node)).toBe(4000 - (node.clock.now() - startedMs))
    await node.clock.advance(4000)
    expect(await settlingMs(node)).toBe(0)
  })

  test('[S-20] with a store that it was given, it has nobody to wait for', async () => {
    const { here } = two()
    expect(await settlingMs(here)).toBe(0)
  })

  test('tells nobody the identity’s claims', async () => {
    const node = new TestNode({ authenticate: () => ({ id: 'ada', claims: { secret: 'very' } }) })
    const ada = await node.native('ada')
    expect(JSON.stringify(await ada.ask([null, '1', 'rollcall', 'hello', {}]))).not.toContain('very')
  })
})

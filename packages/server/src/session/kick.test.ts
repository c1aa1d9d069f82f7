import { describe, expect, test } from 'vitest'
import { createServer } from '../server'
import { MemoryStore, MemoryStoreState } from '../store/memory/memory-store'
import { CONTROL_TOPIC, type Kick, type KickTarget, NodeMessages } from '../store/node-messages'
import { hello } from '../testing-support/held-session'
import { gated, topic, tracking } from '../testing-support/native-client'
import { RecordingLog } from '../testing-support/recording-log'
import { ScriptedStore } from '../testing-support/scripted-store'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import { TestNode, type TestNodeOptions } from '../testing-support/test-node'
import { VirtualClock } from '../testing-support/virtual-clock'

/** Two servers that share a store, somebody who watches, and Mallory in the lobby of each, over two sessions. */
async function twoServers(options: TestNodeOptions = {}) {
  const reasons: string[] = []
  const leave = (_ctx: unknown, reason: string) => void reasons.push(reason)
  const { clock, nodes } = sharedNodes(2, { channels: [tracking({ leave })], ...options })
  const [here, there] = nodes as [SharingNode, SharingNode]
  const watcher = await here.native('watcher')
  await watcher.join(topic)
  const enter = async (node: TestNode) => {
    const peer = await node.native('mallory')
    const { token, session } = await hello(peer)
    await peer.join(topic)
    await clock.advance(300)
    return { peer, token, session }
  }
  const near = await enter(here)
  const far = await enter(there)
  await watcher.heard()
  const left = async () => {
    await clock.advance(300)
    const frames = await watcher.heard()
    return frames.flatMap(([, , , event, { leaves }]) =>
      event === 'presence_diff' ? leaves.map(({ key, reason }: never) => `${key} ${reason}`) : [],
    )
  }
  const kick = async (node: TestNode, ...args: Parameters<TestNode['node']['kick']>) => {
    const [ended] = await Promise.all([node.node.kick(...args), clock.settle()])
    return ended
  }
  return { clock, here, there, watcher, near, far, left, kick, reasons }
}

const kicked = (reason = 'banned') => ({ code: 4002, reason })

describe('[S-34] a client that is kicked', () => {
  test('is kicked on every server, from any of them, and leaves with kicked', async () => {
    const { here, there, watcher, near, far, left, kick, reasons } = await twoServers()
    expect(await kick(here, { identity: 'mallory' }, 'banned')).toBe(1)
    expect(near.peer.wire.closedWith).toEqual(kicked())
    expect(far.peer.wire.closedWith).toEqual(kicked())
    expect(await left()).toEqual(['mallory kicked', 'mallory kicked'])
    expect(reasons).toEqual(['kicked', 'kicked'])
    expect(watcher.wire.isOpen).toBe(true)
    expect([here.node.sessionCount, there.node.sessionCount]).toEqual([1, 0])
  })

  test('by session leaves the other sessions of its identity alone', async () => {
    const { here, near, far, left, kick } = await twoServers()
    expect(await kick(here, { session: far.session }, 'banned')).toBe(0)
    expect(far.peer.wire.closedWith).toEqual(kicked())
    expect(near.peer.wire.isOpen).toBe(true)
    expect(await left()).toEqual(['mallory kicked'])
  })

  test('is kicked during its grace, and cannot resume', async () => {
    const { here, there, near, far, left, kick } = await twoServers()
    near.peer.wire.end(1006)
    far.peer.wire.end(1006)
    expect(await left()).toEqual([])
    expect(await kick(there, { identity: 'mallory' }, 'banned')).toBe(1)
    expect(await left()).toEqual(['mallory kicked', 'mallory kicked'])
    for (const [node, token] of [
      [here, near.token],
      [here, far.token],
      [there, near.token],
    ] as const) {
      expect(await hello(await node.native('mallory'), token)).toMatchObject({ resumed: false })
    }
  })

  test('is kicked before it has sent anything', async () => {
    const { there, kick } = await twoServers()
    const silent = await there.native('mallory')
    expect(await kick(there, { identity: 'mallory' }, 'banned')).toBe(1)
    expect(silent.wire.closedWith).toEqual(kicked())
  })

  test.each(['identity', 'session'] as const)(
    'is kicked by %s while this server claims its session',
    async (by) => {
      const { here, there, near, far, left, kick } = await twoServers()
      await far.peer.ask([null, 'g', 'rollcall', 'goodbye', {}])
      expect(await left()).toEqual(['mallory left'])
      near.peer.wire.end(1006)
      const gate = gated()
      there.store.gate = gate.opened
      const again = await there.native('mallory')
      again.say([null, 'h', 'rollcall', 'hello', { token: near.token }])
      const target = by === 'identity' ? { identity: 'mallory' } : { session: near.session }
      const done = kick(there, target, 'banned')
      expect(again.wire.closedWith).toEqual(kicked())
      there.store.gate = null
      gate.open()
      await done
      expect(await left()).toEqual(['mallory kicked'])
      expect([here.node.sessionCount, there.node.sessionCount]).toEqual([1, 0])
    },
  )

  test('may connect again, as no kick is remembered', async () => {
    const { here, kick } = await twoServers()
    await kick(here, { identity: 'mallory' }, 'banned')
    const again = await here.native('mallory')
    expect(await hello(again)).toMatchObject({ resumed: false })
    await here.clock.advance(3000)
    expect(again.wire.isOpen).toBe(true)
  })

  test('does not affect others with any other name', async () => {
    const { here, there, near, far, kick } = await twoServers()
    for (const identity of ['', 'Mallory', '__proto__', 'watcher2', 'x'.repeat(1000)])
      expect(await kick(here, { identity }, 'banned')).toBe(0)
    for (const session of ['', '__proto__', near.session.slice(0, -1)])
      expect(await kick(there, { session }, 'banned')).toBe(0)
    expect([near.peer.wire.isOpen, far.peer.wire.isOpen]).toEqual([true, true])
  })

  test('leaves with the names that it announced over Vix', async () => {
    const channels = [tracking({ topicPattern: '*', observable: true })]
    const node = new TestNode({ channels, authenticate: () => ({ id: 'mallory' }) })
    const vix = await node.vix(topic)
    await vix.ask({ type: 'presence.join', payload: { user: 'Ann' } })
    expect(await node.registry.list(topic)).toMatchObject([{ key: 'Ann' }])
    expect(await node.node.kick({ identity: 'mallory' }, 'banned')).toBe(1)
    expect(vix.wire.closedWith).toEqual(kicked())
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
  })
})

describe('[S-34] a kick while the store is unreachable', () => {
  test('kicks the clients of this server, and rejects as the others were not notified', async () => {
    const { here, near, far, kick } = await twoServers()
    here.store.isDown = true
    await expect(kick(here, { identity: 'mallory' }, 'banned')).rejects.toThrow('The store is down.')
    expect(near.peer.wire.closedWith).toEqual(kicked())
    expect(far.peer.wire.isOpen).toBe(true)
    here.store.isDown = false
    expect(await kick(here, { identity: 'mallory' }, 'banned')).toBe(0)
    expect(far.peer.wire.closedWith).toEqual(kicked())
  })

  test('[S-77] a server that could not subscribe retries with growing delays, and at once when the store is back', async () => {
    const clock = new VirtualClock()
    const state = new MemoryStoreState('e', { clock })
    const [store, other] = [new ScriptedStore(new MemoryStore(state)), new MemoryStore(state)]
    const heard: Kick[] = []
    const log = new RecordingLog()
    const line = new NodeMessages(store, clock, log, (kick) => heard.push(kick))
    const said = () => other.publish(CONTROL_TOPIC, { event: 'kick', payload: { session: 's', reason: 'x' } })
    store.isDown = true
    line.open()
    await clock.settle()
    const tries: number[] = []
    for (let i = 0; i < 4; i++) {
      const [before, sinceMs] = [store.failures, clock.now()]
      while (store.failures === before) await clock.advance(50)
      tries.push(clock.now() - sinceMs)
    }
    expect(tries).toEqual([250, 500, 1000, 1000])
    await said()
    expect(heard).toEqual([])
    store.isDown = false
    line.retryNow()
    await clock.settle()
    line.retryNow()
    await said()
    expect(heard).toEqual([{ target: { session: 's' }, reason: 'x' }])
    line.close()
    await said()
    expect(heard).toHaveLength(1)
    expect([clock.pendingCount, state.topics.size]).toEqual([0, 0])
  })

  test('[S-77] a node receives kicks as soon as its store is reachable again', async () => {
    const { clock, nodes } = sharedNodes(2, {}, true)
    const [here, there] = nodes as [SharingNode, SharingNode]
    const far = await there.native('mallory')
    await clock.advance(400)
    there.store.setDown(false)
    here.store.setDown(false)
    await clock.settle()
    await here.node.kick({ identity: 'mallory' }, 'banned')
    await clock.settle()
    expect(far.wire.closedWith).toMatchObject({ code: 4002 })
  })

  test('a node that closes while it waits for the store retries no more', async () => {
    const clock = new VirtualClock()
    const store = new ScriptedStore(new MemoryStore(new MemoryStoreState('e', { clock })))
    store.isDown = true
    const line = new NodeMessages(store, clock, new RecordingLog(), () => {})
    line.open()
    await clock.settle()
    expect(clock.pendingCount).toBe(1)
    line.close()
    expect(clock.pendingCount).toBe(0)
    store.isDown = false
    await clock.advance(1000)
    expect([clock.pendingCount, store.failures, store.subscriptions]).toEqual([0, 1, 0])
  })

  test('a closed node receives nothing and leaves nothing behind', async () => {
    const { clock, state, nodes } = sharedNodes(2)
    await clock.settle()
    expect(state.topics.has(CONTROL_TOPIC)).toBe(true)
    for (const { node } of nodes) {
      const closed = node.close()
      await clock.advance(100)
      await closed
    }
    expect(state.topics.has(CONTROL_TOPIC)).toBe(false)
  })

  test('an unknown message is ignored', async () => {
    const { here, there, near, far, clock } = await twoServers()
    for (const payload of [
      null,
      'mallory',
      [],
      {},
      { identity: 'mallory' },
      { session: 5, reason: 'x' },
      { identity: {}, reason: 'x' },
    ])
      await here.memory.publish(CONTROL_TOPIC, { event: 'kick', payload })
    await here.memory.publish(CONTROL_TOPIC, {
      event: 'other',
      payload: { identity: 'mallory', reason: 'x' },
    })
    await clock.settle()
    expect([near.peer.wire.isOpen, far.peer.wire.isOpen]).toEqual([true, true])
    expect(there.node.sessionCount).toBe(1)
  })
})

describe('server.kick', () => {
  test.each<[string, object | null]>([
    ['nobody', {}],
    ['null', null],
    ['both an identity and a session', { identity: 'ada', session: 's' }],
    ['an identity that is no text', { identity: 5 }],
    ['an identity that is undefined', { identity: undefined }],
    ['a session that is no text', { session: ['s'] }],
  ])('rejects %s and kicks nobody', async (_what, target) => {
    const server = createServer({ port: 0 })
    await expect(server.kick(target as KickTarget)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('rejects a reason that no close frame can carry', async () => {
    const server = createServer({ port: 0 })
    const reason = 'é'.repeat(62)
    await expect(server.kick({ identity: 'ada' }, reason)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/124 bytes.* 123/),
    })
    expect(await server.kick({ identity: 'ada' }, reason.slice(1))).toBe(0)
  })

  test('[S-34] rejects if it cannot notify the other servers', async () => {
    const store = new ScriptedStore(new MemoryStore(new MemoryStoreState('e')))
    const server = createServer({ port: 0, store })
    store.isDown = true
    await expect(server.kick({ identity: 'ada' })).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: expect.objectContaining({ message: 'The store is down.' }),
    })
  })
})

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { TopicState } from '../presence/topic-state'
import { type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'
import { SessionBinding } from './session-binding'

const topic = 'room:lobby'

async function joined(node: TestNode, userId: string): Promise<Peer> {
  const peer = await node.native(userId)
  await peer.join(topic)
  await node.clock.advance(300)
  await peer.heard()
  return peer
}

/** Two who are there: one to go, and one to see it. */
async function pair(options: TestNodeOptions = {}) {
  const node = new TestNode(options)
  const watcher = await joined(node, 'watcher')
  const ada = await joined(node, 'ada')
  await watcher.heard()
  const leavesSeen = async () =>
    (await watcher.heard()).flatMap(([, , , event, payload]) =>
      event === 'presence_diff' ? payload.leaves.map(({ reason }: { reason: string }) => reason) : [],
    )
  return { node, watcher, ada, leavesSeen }
}

describe('[S-19] a bad frame gets a reply, and the connection stays open', () => {
  const fine = async (peer: Peer) => {
    const [reply] = await peer.ask([null, 'beat', 'rollcall', 'heartbeat', {}])
    expect(reply).toEqual([null, 'beat', 'rollcall', 'phx_reply', { status: 'ok', response: {} }])
    expect(peer.wire.closedWith).toBeNull()
  }

  test('[S-16] a frame that is too large is refused with the limit, unparsed', async () => {
    const { ada } = await pair({ limits: { frameBytes: 1000 } })
    ada.wire.receive(`"${'x'.repeat(1000)}"`)
    expect(await ada.heard()).toEqual([
      [
        null,
        null,
        'rollcall',
        'fault',
        expect.objectContaining({
          limit: 'frameBytes',
          max: 1000,
          actual: 1002,
          option: 'limits.frameBytes',
        }),
      ],
    ])
    await fine(ada)
  })

  test('a frame of exactly the limit in bytes is accepted', async () => {
    const { ada } = await pair({ limits: { frameBytes: 1000 } })
    ada.wire.receive(`"${'é'.repeat(499)}"`)
    expect((await ada.heard())[0][4].reason).toBe('invalid_message')
    ada.wire.receive(`"${'é'.repeat(500)}"`)
    expect((await ada.heard())[0][4].reason).toBe('limit_exceeded')
  })

  test('a binary frame is refused', async () => {
    const { ada } = await pair()
    ada.wire.receiveBytes(Buffer.from([1, 2, 3]))
    expect(await ada.heard()).toMatchObject([
      [null, null, 'rollcall', 'fault', { reason: 'binary_unsupported' }],
    ])
    await fine(ada)
  })

  test.each([
    ['not json', 'malformed_frame'],
    ['', 'malformed_frame'],
    ['{}', 'invalid_message'],
    ['[null,null,"room","say"]', 'invalid_message'],
    ['['.repeat(100), 'limit_exceeded'],
  ])('%j', async (text, reason) => {
    const { ada } = await pair()
    ada.wire.receive(text)
    expect(await ada.heard()).toMatchObject([[null, null, 'rollcall', 'fault', { reason }]])
    await fine(ada)
  })

  test('a frame with a ref gets its reply under that ref', async () => {
    const { ada } = await pair()
    expect(await ada.ask(['1', '2', topic, 'presence_diff', {}])).toMatchObject([
      ['1', '2', topic, 'phx_reply', { status: 'error', response: { reason: 'reserved_event' } }],
    ])
  })

  test('a message for a topic that was not joined is refused', async () => {
    const { ada } = await pair()
    for (const [event, payload] of [
      ['say', {}],
      ['presence_update', { meta: {} }],
      ['presence_patch', { patch: {} }],
      ['presence_sync', {}],
    ]) {
      expect(await ada.ask([null, '1', 'room:other', event, payload])).toMatchObject([
        [null, '1', 'room:other', 'phx_reply', { status: 'error', response: { reason: 'not_joined' } }],
      ])
    }
    await fine(ada)
  })

  test('a thousand bad frames disturb no other connection', async () => {
    const { ada, watcher, node } = await pair({ rates: { abuse: false } })
    for (let i = 0; i < 1000; i++) ada.wire.receive('garbage')
    expect(await ada.heard()).toHaveLength(1000)
    await node.clock.advance(300)
    expect(await watcher.heard()).toEqual([])
  })
})

test('[S-13] a failure of the server in one message ends only that connection', async () => {
  const { ada, watcher, node } = await pair()
  const taking = vi.spyOn(SessionBinding.prototype, 'receive').mockImplementationOnce(() => {
    throw new Error('a mistake of ours')
  })
  onTestFinished(() => taking.mockRestore())
  ada.say([null, '1', 'rollcall', 'heartbeat', {}])
  expect(ada.wire.closedWith).toEqual({ code: 1011, reason: 'internal error' })
  expect(node.log.of('error')).toHaveLength(1)
  const [reply] = await watcher.ask([null, '2', 'rollcall', 'heartbeat', {}])
  expect(reply?.[4]).toMatchObject({ status: 'ok' })
})

describe('[S-6] a connection that ends takes its presence with it, with a reason', () => {
  test.each([
    ['closed by its peer', 1000],
    ['of a page that went away', 1001],
    ['of a page that is suspended', 4005],
    ['of a page that was unloaded', 4006],
    ['lost without a word', 1006],
  ])('%s leaves at once without a token', async (_what, code) => {
    const { node, ada, leavesSeen } = await pair()
    ada.wire.end(code)
    await node.clock.advance(300)
    expect(await leavesSeen()).toEqual(['closed'])
    expect(node.node.connectionCount).toBe(1)
    expect(node.node.sessionCount).toBe(1)
  })

  test('a goodbye leaves at once with `left`, and gets a reply before the close', async () => {
    const { node, ada, leavesSeen } = await pair()
    const frames = await ada.ask([null, '1', 'rollcall', 'goodbye', {}])
    expect(frames).toEqual([[null, '1', 'rollcall', 'phx_reply', { status: 'ok', response: {} }]])
    expect(ada.wire.closedWith?.code).toBe(1000)
    await node.clock.advance(300)
    expect(await leavesSeen()).toEqual(['left'])
  })

  test('it leaves every topic that it was in', async () => {
    const { node, ada } = await pair()
    await ada.join('room:2')
    await ada.join('room:3')
    ada.wire.end()
    await node.clock.advance(300)
    for (const name of ['room:2', 'room:3']) expect(await node.registry.list(name)).toEqual([])
    expect(node.registry.size).toBe(1)
    expect(node.registry.topicCount).toBe(1)
  })

  test('the server ignores messages after the end', async () => {
    const { node, ada } = await pair()
    await ada.ask([null, '1', 'rollcall', 'goodbye', {}])
    ada.say(['j', 'j', topic, 'phx_join', {}])
    await node.clock.advance(300)
    expect((await node.registry.list(topic)).map(({ key }) => key)).toEqual(['watcher'])
  })
})

describe('[S-8] a silent peer', () => {
  const heartbeat = { pingIntervalMs: 2000, pongTimeoutMs: 1000 }

  test('leaves within pingIntervalMs + pongTimeoutMs, with the reason timeout', async () => {
    const { node, ada, watcher } = await pair({ heartbeat, flush: { ceilingMs: 5 } })
    const silentFromMs = node.clock.now()
    ada.wire.isAlive = false
    let goneAtMs = 0
    while (goneAtMs === 0 && node.clock.now() < 10_000) {
      await node.clock.advance(10)
      const [frame] = await watcher.heard()
      if (frame) {
        expect(frame[4].leaves).toMatchObject([{ key: 'ada', reason: 'timeout' }])
        goneAtMs = node.clock.now()
      }
    }
    expect(goneAtMs).toBeGreaterThan(0)
    expect(goneAtMs - silentFromMs).toBeLessThanOrEqual(3000)
    expect(ada.wire.isTerminated).toBe(true)
    expect(ada.wire.pings).toBe(1)
  })

  test('stays connected while it replies to pings', async () => {
    const { node, ada, leavesSeen } = await pair({ heartbeat })
    await node.clock.advance(60_000)
    expect(await leavesSeen()).toEqual([])
    expect(ada.wire.isOpen).toBe(true)
    expect(ada.wire.pings).toBeGreaterThan(20)
  })

  test('stays connected while it reads its backlog, as its pong comes after that', async () => {
    const { node, ada } = await pair({ heartbeat })
    ada.wire.isAlive = false
    ada.wire.bufferedBytes = 20_000
    for (let i = 0; i < 20; i++) {
      await node.clock.advance(500)
      ada.wire.bufferedBytes -= 100
    }
    expect(ada.wire.isTerminated).toBe(false)
    await node.clock.advance(4000)
    expect(ada.wire.isTerminated).toBe(true)
  })

  test('gets no ping while it sends anything', async () => {
    const { node, ada } = await pair({ heartbeat })
    for (let i = 0; i < 40; i++) {
      ada.say(i % 2 ? [null, i, 'rollcall', 'heartbeat', {}] : 'garbage')
      await node.clock.advance(500)
    }
    expect(ada.wire.pings).toBe(0)
    expect(ada.wire.isOpen).toBe(true)
  })
})

test('[S-8] a server that stalled reads its sockets before it declares a peer dead', async () => {
  const { node, ada } = await pair({ heartbeat: { pingIntervalMs: 2000, pongTimeoutMs: 1000 } })
  ada.wire.isAlive = false
  await node.clock.advance(2000)
  expect(ada.wire.pings).toBe(1)
  // The answer is there, unread, while the process is busy for longer than the peer has.
  node.clock.elapse(5000)
  await node.clock.settle()
  expect(ada.wire.isOpen).toBe(true)
  ada.say([null, 'b', 'rollcall', 'heartbeat', {}])
  await node.clock.advance(500)
  expect(ada.wire.isOpen).toBe(true)
})

describe('[S-9] a peer that reads too slowly', () => {
  const outbox = { softLimitBytes: 500, hardLimitBytes: 1000 }
  const shout = (text: string) => ['j', '1', topic, 'shout', { text }]

  test('is closed with 1013, and its presence leaves', async () => {
    const { node, watcher, ada, leavesSeen } = await pair({ outbox })
    ada.wire.isStuck = true
    for (let i = 0; i < 3; i++) {
      watcher.say(shout('x'.repeat(350)))
      await node.clock.settle()
    }
    expect(ada.wire.closedWith?.code).toBe(1013)
    const { bufferedBytes } = ada.wire
    expect(bufferedBytes).toBeGreaterThan(1000)
    expect(node.log.of('warn').at(-1)?.context).toMatchObject({ bufferedBytes, hardLimitBytes: 1000 })
    await node.clock.advance(300)
    expect(await leavesSeen()).toEqual(['closed'])
  })

  test('gets nothing after that', async () => {
    const { ada, watcher } = await pair({ outbox })
    ada.wire.isAlive = false
    ada.wire.isStuck = true
    for (let i = 0; i < 3; i++) await watcher.ask(shout('x'.repeat(350)))
    expect(ada.wire.closedWith?.code).toBe(1013)
    const writes = ada.wire.writes.length
    for (let i = 0; i < 100; i++) await watcher.ask(shout('again'))
    expect(ada.wire.writes.length).toBe(writes)
  })
})

describe('[S-9] a peer that falls behind and keeps reading', () => {
  const outbox = { softLimitBytes: 1000, hardLimitBytes: 100_000 }
  const other = 'room:other'

  /** Ada is in two topics, and reads nothing of what was shouted in one of them. */
  async function clogged() {
    const all = await pair({ outbox })
    const { node, ada, watcher } = all
    for (const peer of [ada, watcher]) {
      await peer.join(other, {}, 'o')
      await node.clock.advance(300)
      await peer.heard()
    }
    await ada.heard()
    ada.wire.isStuck = true
    await watcher.ask(['o', '1', other, 'shout', { text: 'x'.repeat(1200) }])
    expect((await ada.heard()).map(([, , , event]) => event)).toEqual(['shout'])
    return all
  }
  const change = (n: number, inTopic: string) => [
    inTopic === topic ? 'j' : 'o',
    `${n}`,
    inTopic,
    'presence_update',
    { meta: { n } },
  ]

  test('gets the state of each topic that has changed, and diffs from there', async () => {
    const { node, ada, watcher } = await clogged()
    for (let n = 0; n < 5; n++) {
      await watcher.ask(change(n, topic))
      await node.clock.advance(300)
    }
    await watcher.ask(change(5, other))
    await node.clock.advance(300)
    expect(await ada.heard()).toEqual([])
    ada.wire.readOn()
    await node.clock.advance(300)
    const heard = await ada.heard()
    expect(heard.map(([, , topic, event]) => [topic, event])).toEqual([
      [topic, 'presence_state'],
      [other, 'presence_state'],
    ])
    const metas = heard.map(([, , , , { presences }]) => presences.map(({ meta }: { meta: object }) => meta))
    expect(metas).toEqual([expect.arrayContaining([{ n: 4 }]), expect.arrayContaining([{ n: 5 }])])
    await watcher.ask(change(6, topic))
    await node.clock.advance(300)
    expect((await ada.heard()).map(([, , topic, event]) => [topic, event])).toEqual([
      [topic, 'presence_diff'],
    ])
  })

  test('gets its replies all the time, and is never closed', async () => {
    const { ada } = await clogged()
    const [reply] = await ada.ask([null, 'b', 'rollcall', 'heartbeat', {}])
    expect(reply).toMatchObject([null, 'b', 'rollcall', 'phx_reply', { status: 'ok' }])
    ada.wire.readOn()
    expect(ada.wire.closedWith).toBeNull()
  })

  test('[S-49] a peer that requests states and reads none has only one waiting', async () => {
    const node = new TestNode({ outbox })
    for (let n = 0; n < 100; n++) node.registry.track(`bot ${n}`, topic, `bot ${n}`, {})
    const ada = await joined(node, 'ada')
    ada.wire.isStuck = true
    for (let n = 0; n < 50; n++) {
      ada.say(['j', null, topic, 'presence_sync', {}])
      await node.clock.advance(300)
    }
    expect((await ada.heard()).map(([, , , event]) => event)).toEqual(['presence_state'])
    ada.wire.readOn()
    await node.clock.advance(300)
    expect((await ada.heard()).map(([, , , event]) => event)).toEqual(['presence_state'])
  })
})

describe('[S-49] states that a peer does not read', () => {
  const crowded = (options: TestNodeOptions['outbox'] = {}) => {
    const node = new TestNode({ outbox: { softLimitBytes: 1000, hardLimitBytes: 100_000, ...options } })
    for (let n = 0; n < 100; n++) node.registry.track(`bot ${n}`, topic, `bot ${n}`, { n })
    return node
  }
  const eventsOf = async (peer: Peer) => (await peer.heard()).map(([, , , event]) => event)
  /** Joined by one who reads nothing from then on. */
  const unread = async (node: TestNode, name: string) => {
    const peer = await node.native(name)
    peer.wire.isStuck = true
    peer.say(['j', 'j', topic, 'phx_join', {}])
    await node.clock.advance(300)
    return peer
  }

  test('close the connection with 1013 after a while, even if the peer still sends', async () => {
    const node = crowded({ stallTimeoutMs: 5000 })
    const ada = await unread(node, 'ada')
    for (let i = 0; i < 4; i++) {
      ada.say([null, `${i}`, 'rollcall', 'heartbeat', {}])
      await node.clock.advance(1000)
    }
    expect(ada.wire.closedWith).toBeNull()
    ada.say([null, 'last', 'rollcall', 'heartbeat', {}])
    await node.clock.advance(2000)
    expect(ada.wire.closedWith).toEqual({ code: 1013, reason: 'reads nothing' })
    const warning = node.log.of('warn').at(-1)
    expect(warning?.context).toMatchObject({ stallTimeoutMs: 5000, bufferedBytes: expect.any(Number) })
  })

  test('do not close it while the peer reads some of them, or nothing waits', async () => {
    const node = crowded({ stallTimeoutMs: 5000 })
    const [slow, quick] = [await unread(node, 'slow'), await node.native('quick')]
    await quick.join(topic)
    for (let i = 0; i < 10; i++) {
      slow.wire.bufferedBytes -= 10
      await node.clock.advance(4000)
    }
    expect([slow.wire.closedWith, quick.wire.closedWith]).toEqual([null, null])
  })

  test('are limited per account over all its connections; other accounts get theirs', async () => {
    const node = crowded({ accountStateBytes: 10_000 })
    const peers: Peer[] = []
    for (let i = 0; i < 10; i++) peers.push(await unread(node, 'ada'))
    const heard = await Promise.all(peers.map(eventsOf))
    const given = heard.filter((events) => events.includes('presence_state')).length
    const stateBytes = peers[0]?.wire.bufferedBytes ?? 0
    expect(given).toBe(Math.ceil(10_000 / stateBytes))
    expect(heard.every(([first]) => first === 'phx_reply')).toBe(true)
    expect(await eventsOf(await unread(node, 'bob'))).toContain('presence_state')
    // One has read, and another has gone: two more are given theirs, and none gets diffs without.
    peers[0]?.wire.readOn()
    peers[1]?.wire.end(1000)
    for (let i = 0; i < 5; i++) await node.clock.advance(300)
    const later = await Promise.all(peers.slice(given).map(eventsOf))
    expect(later.filter((events) => events.includes('presence_state')).length).toBe(2)
    for (const events of later) if (events[0] !== 'presence_state') expect(events).toEqual([])
  })

  test('[S-96] of one guest do not withhold those of other guests of its network; those of very many do', async () => {
    // One state is many times as large as what all of an account's connections may have waiting.
    const node = new TestNode({
      mode: 'production',
      allowAnonymous: true,
      outbox: { softLimitBytes: 1000, hardLimitBytes: 100_000, accountStateBytes: 1000 },
      rates: { guestsPerAddress: 4 },
    })
    for (let n = 0; n < 100; n++) node.registry.track(`bot ${n}`, topic, `bot ${n}`, { n })
    const given: boolean[] = []
    for (let i = 0; i < 6; i++)
      given.push((await eventsOf(await unread(node, ''))).includes('presence_state'))
    expect(given).toEqual([true, true, true, true, false, false])
  })

  test('are not encoded for a peer without space', async () => {
    const node = crowded()
    const ada = await unread(node, 'ada')
    const snapshot = vi.spyOn(TopicState.prototype, 'snapshot')
    onTestFinished(() => snapshot.mockRestore())
    for (let n = 0; n < 5; n++) {
      ada.say(['j', null, topic, 'presence_sync', {}])
      await node.clock.advance(300)
    }
    expect(snapshot).not.toHaveBeenCalled()
  })
})

describe('heartbeats of a client', () => {
  test('get their reply on the topic that they came on', async () => {
    const node = new TestNode()
    const zzz = await node.zzz('ada')
    for (const name of ['phoenix', 'rollcall']) {
      expect(await zzz.ask({ topic: name, event: 'heartbeat', payload: {}, ref: '1' })).toEqual([
        { topic: name, event: 'phx_reply', payload: { status: 'ok', response: {} }, ref: '1' },
      ])
    }
  })
})

describe('[S-10] a user with the name of a prototype', () => {
  test.each(['__proto__', 'constructor', 'toString'])('%s joins, is seen, and leaves', async (name) => {
    const { node, watcher } = await pair()
    const peer = await joined(node, name)
    expect((await watcher.heard())[0][4].joins).toMatchObject([{ key: name }])
    peer.wire.end()
    await node.clock.advance(300)
    expect((await watcher.heard())[0][4].leaves).toMatchObject([{ key: name }])
  })
})

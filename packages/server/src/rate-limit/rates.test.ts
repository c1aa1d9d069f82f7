import { describe, expect, test } from 'vitest'
import { defineChannel } from '../channel/channel-definition'
import { rateLimit } from '../channel/middleware'
import { type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'

const topic = 'room:lobby'

async function joined(options: TestNodeOptions = {}, topics: readonly string[] = [topic]) {
  const node = new TestNode(options)
  const watcher = await node.native('watcher')
  const ada = await node.native('ada')
  for (const each of topics) {
    await watcher.join(each)
    await ada.join(each)
  }
  // What a rate allows at once is there again.
  await node.clock.advance(60_000)
  await Promise.all([watcher.heard(), ada.heard()])
  return { node, watcher, ada }
}

const update = (ref: string, meta: object, at = topic) => ['j', ref, at, 'presence_update', { meta }]
const patch = (ref: string, change: object, at = topic) => ['j', ref, at, 'presence_patch', { patch: change }]
const beat = (ref: string) => [null, ref, 'rollcall', 'heartbeat', {}]
const heavy = (ref: string) => ['j', ref, topic, 'msg', { text: 'x'.repeat(850) }]

/** `ref status reason` of each reply. */
// biome-ignore lint/suspicious/noExplicitAny: frames as they come; the tests say what they must be.
const replies = (frames: readonly any[]) =>
  frames
    .filter(([, , , event]) => event === 'phx_reply')
    .map(([, ref, , , { status, response }]) =>
      [ref, status, ...(response.reason ? [response.reason] : [])].join(' '),
    )

const metas = async (node: TestNode, at = topic) =>
  (await node.registry.list(at)).filter(({ key }) => key === 'ada').map(({ meta }) => meta)

describe('[S-36] what comes too fast is answered', () => {
  test('messages, with the option and when to try again, and a message later is taken', async () => {
    const { node, ada } = await joined({ rates: { messages: { perSecond: 10, burst: 3 } } })
    ada.say(...['1', '2', '3', '4'].map(beat))
    const heard = await ada.heard()
    expect(replies(heard)).toEqual(['1 ok', '2 ok', '3 ok', '4 error throttled'])
    expect(heard[3][4].response).toEqual({
      reason: 'throttled',
      message: 'More than 10 messages a second (server option rates.messages.perSecond); try again later.',
      retry_after_ms: 100,
    })
    await node.clock.advance(99)
    expect(replies(await ada.ask(beat('5')))).toEqual(['5 error throttled'])
    await node.clock.advance(1)
    expect(replies(await ada.ask(beat('6')))).toEqual(['6 ok'])
  })

  test.each([
    ['a join', ['n', 'x', 'room:other', 'phx_join', {}]],
    ['an event', ['j', 'x', topic, 'msg', {}]],
    ['a leave', ['j', 'x', topic, 'phx_leave', {}]],
    ['a hello', [null, 'x', 'rollcall', 'hello', {}]],
    ['a question for the state', ['j', 'x', topic, 'presence_sync', {}]],
    ['a goodbye', [null, 'x', 'rollcall', 'goodbye', {}]],
  ])('%s has no effect then', async (_what, frame) => {
    const { ada } = await joined({ rates: { messages: { perSecond: 10, burst: 1 } } })
    ada.say(beat('1'), frame)
    const heard = await ada.heard()
    expect(replies(heard)).toEqual(['1 ok', 'x error throttled'])
    expect(heard).toHaveLength(2)
    expect(ada.wire.closedWith).toBeNull()
  })

  test('for as long as it takes, though what is known of quiet connections is forgotten', async () => {
    const { node, ada } = await joined({ rates: { messages: { perSecond: 0.1, burst: 5 } } })
    ada.say(...['1', '2', '3', '4', '5', '6'].map(beat))
    expect(replies(await ada.heard()).slice(4)).toEqual(['5 ok', '6 error throttled'])
    await node.clock.advance(9000)
    expect(replies(await ada.ask(beat('7')))).toEqual(['7 error throttled'])
    await node.clock.advance(1000)
    expect(replies(await ada.ask(beat('8')))).toEqual(['8 ok'])
  })

  test('joins, by their own rate', async () => {
    const { ada, node } = await joined({ rates: { joins: { perSecond: 1, burst: 2 } } })
    const join = (n: number) => [`j${n}`, `j${n}`, `room:${n}`, 'phx_join', {}]
    ada.say(join(1), join(2), join(3), beat('b'))
    await node.clock.advance(300)
    expect(replies(await ada.heard()).sort()).toEqual(['b ok', 'j1 ok', 'j2 ok', 'j3 error throttled'])
    expect(await node.registry.count('room:3')).toBe(0)
  })

  test('names of vix clients are joins, and are answered as they answer', async () => {
    const node = new TestNode({ rates: { joins: { perSecond: 1, burst: 1 } } })
    const vix = await node.vix()
    await vix.heard()
    const appear = (user: string) => ({ type: 'presence.join', payload: { user } })
    vix.say(appear('ann'), appear('ben'))
    await node.clock.advance(300)
    expect(await vix.heard()).toContainEqual(
      expect.objectContaining({ payload: expect.objectContaining({ reason: 'throttled' }) }),
    )
    expect((await node.registry.list(topic)).map(({ key }) => key)).toEqual(['ann'])
  })

  test('bytes, by their own rate, and messages of any kind', async () => {
    const rates = { bytes: { perSecond: 1000, burst: 2000 } }
    const { node, ada } = await joined({ rates, limits: { frameBytes: 1000 } })
    const size = JSON.stringify(heavy('1')).length
    ada.say(heavy('1'), heavy('2'), heavy('3'), beat('4'))
    const heard = await ada.heard()
    expect(replies(heard)).toEqual(['1 ok', '2 ok', '3 error throttled', '4 ok'])
    const waitMs = 3 * size - 2000
    expect(heard.find(([, ref]) => ref === '3')[4].response).toEqual({
      reason: 'throttled',
      message: 'More than 1000 bytes a second (server option rates.bytes.perSecond); try again later.',
      retry_after_ms: waitMs,
    })
    const afterBeatMs = waitMs + JSON.stringify(beat('4')).length
    await node.clock.advance(afterBeatMs - 1)
    expect(replies(await ada.ask(heavy('5')))).toEqual(['5 error throttled'])
    await node.clock.advance(1)
    expect(replies(await ada.ask(heavy('6')))).toEqual(['6 ok'])
  })

  test.each<[string, string, TestNodeOptions['rates']]>([
    ['is too large', 'x'.repeat(1001), {}],
    ['cannot be understood', 'garbage'.repeat(100), {}],
    ['comes too fast', JSON.stringify(heavy('0')), { messages: { perSecond: 0.001, burst: 1 } }],
  ])('bytes of what %s count as well: they were read', async (_what, text, more) => {
    const rates = { bytes: { perSecond: 1000, burst: 1000 }, ...more }
    const { ada } = await joined({ rates, limits: { frameBytes: 1000 } })
    ada.wire.receive(text)
    await ada.heard()
    const [reply] = await ada.ask(heavy('1'))
    expect(reply[4].response.message).toContain('rates.bytes.perSecond')
  })

  test('bytes of what was too large take what there is, and no more', async () => {
    const rates = { bytes: { perSecond: 1000, burst: 1000 } }
    const { ada, node } = await joined({ rates, limits: { frameBytes: 1000 } })
    for (let i = 0; i < 3; i++) ada.wire.receive('x'.repeat(4000))
    await ada.heard()
    await node.clock.advance(1000)
    expect(replies(await ada.ask(heavy('1')))).toEqual(['1 ok'])
  })

  test('bytes of an update that was kept count once', async () => {
    const frames = [update('1', { n: 1 }), update('2', { n: 2 }), beat('3'), beat('4')]
    const [one = 0, two = 0, three = 0] = frames.map((frame) => JSON.stringify(frame).length)
    const bytes = { perSecond: 0.1, burst: one + two + three }
    const rates = { updates: { perSecond: 10, burst: 1 }, bytes }
    const { ada, node } = await joined({ rates, limits: { frameBytes: 100 } })
    await node.clock.advance(10_000_000)
    ada.say(frames[0], frames[1])
    await node.clock.advance(100)
    ada.say(frames[2], frames[3])
    expect(replies(await ada.heard())).toEqual(['1 ok', '2 ok', '3 ok', '4 error throttled'])
  })

  test('one client’s rate is not another’s', async () => {
    const { ada, watcher } = await joined({ rates: { messages: { perSecond: 10, burst: 2 } } })
    ada.say(...['1', '2', '3'].map(beat))
    expect(replies(await watcher.ask(beat('1')))).toEqual(['1 ok'])
  })

  test('a rate that is turned off bounds nothing', async () => {
    const { ada } = await joined({ rates: { messages: false, updates: false } })
    for (let i = 0; i < 2000; i++) ada.say(i % 2 ? beat(String(i)) : update(String(i), { i }))
    expect(replies(await ada.heard()).filter((reply) => reply.endsWith('ok'))).toHaveLength(2000)
  })
})

describe('[S-36] of updates that come too fast the latest is kept', () => {
  const rates = { updates: { perSecond: 10, burst: 2 } }

  test('and done when its time has come; those that it replaces are answered', async () => {
    const { ada, node } = await joined({ rates })
    ada.say(...[1, 2, 3, 4, 5].map((n) => update(String(n), { n })))
    expect(replies(await ada.heard())).toEqual(['1 ok', '2 ok', '3 error throttled', '4 error throttled'])
    expect(await metas(node)).toEqual([{ n: 2 }])
    await node.clock.advance(99)
    expect(await metas(node)).toEqual([{ n: 2 }])
    await node.clock.advance(1)
    expect(await metas(node)).toEqual([{ n: 5 }])
    expect(replies(await ada.heard())).toEqual(['5 ok'])
  })

  test('and others see it', async () => {
    const { ada, watcher, node } = await joined({ rates })
    ada.say(...[1, 2, 3, 4, 5].map((n) => update(String(n), { n })))
    await node.clock.advance(1000)
    const seen = (await watcher.heard()).flatMap(([, , , , { updates }]) =>
      updates.map(({ meta }: { meta: { n: number } }) => meta.n),
    )
    expect(seen.at(-1)).toBe(5)
    expect(seen.length).toBeLessThanOrEqual(3)
  })

  test('patches are merged, so that no field is lost', async () => {
    const { ada, node } = await joined({ rates })
    ada.say(update('1', { a: 1 }), patch('2', { b: 2 }), patch('3', { c: 3 }), patch('4', { d: 4, a: null }))
    await node.clock.advance(100)
    expect(await metas(node)).toEqual([{ b: 2, c: 3, d: 4 }])
    expect(replies(await ada.heard())).toEqual(['1 ok', '2 ok', '3 error throttled', '4 ok'])
  })

  test('of each topic, one after the other', async () => {
    const topics = ['room:1', 'room:2', 'room:3']
    const { ada, node } = await joined({ rates }, topics)
    ada.say(update('x', {}, 'room:1'), update('y', {}, 'room:1'))
    for (const each of topics) ada.say(update(each, { n: 1 }, each))
    await node.clock.advance(199)
    expect(await Promise.all(topics.map((each) => metas(node, each)))).toEqual([[{ n: 1 }], [{}], [{}]])
    await node.clock.advance(101)
    expect(await Promise.all(topics.map((each) => metas(node, each)))).toEqual([
      [{ n: 1 }],
      [{ n: 1 }],
      [{ n: 1 }],
    ])
    expect(replies(await ada.heard())).toEqual(['x ok', 'y ok', 'room:1 ok', 'room:2 ok', 'room:3 ok'])
  })

  test('and none overtakes one that waits', async () => {
    const { ada, node } = await joined({ rates })
    ada.say(update('1', { n: 1 }), update('2', { n: 2 }), update('3', { n: 3 }))
    // The event loop is late: the timer has not run, and by the clock there would be room.
    node.clock.elapse(500)
    ada.say(update('4', { n: 4 }))
    await node.clock.advance(1000)
    expect(await metas(node)).toEqual([{ n: 4 }])
    expect(replies(await ada.heard())).toEqual(['1 ok', '2 ok', '3 error throttled', '4 ok'])
  })

  test('one for a topic that it is not in is not kept', async () => {
    const { ada } = await joined({ rates })
    const elsewhere = ['1', '2', '3'].map((ref) => update(ref, {}, 'room:nowhere'))
    ada.say(...elsewhere)
    expect(replies(await ada.heard())).toEqual([
      '1 error not_joined',
      '2 error not_joined',
      '3 error throttled',
    ])
  })

  test('and is of no effect once its client has left, or joined again', async () => {
    const { ada, node } = await joined({ rates })
    ada.say(update('1', { n: 1 }), update('2', { n: 2 }), update('3', { n: 3 }))
    ada.say(['k', 'k', topic, 'phx_join', { meta: { fresh: true } }])
    await node.clock.advance(1000)
    expect(await metas(node)).toEqual([{ fresh: true }])
    expect(replies(await ada.heard())).toContain('3 error not_joined')
  })

  test('and is dropped with its connection, and so is the timer', async () => {
    const { ada, node } = await joined({ rates: { updates: { perSecond: 0.01, burst: 2 } } })
    await node.clock.advance(200_000)
    const idle = node.clock.pendingCount
    ada.say(update('1', { n: 1 }), update('2', { n: 2 }), update('3', { n: 3 }))
    await node.clock.advance(5000)
    expect(node.clock.pendingCount).toBe(idle + 1)
    ada.wire.end(1000)
    await node.clock.advance(5000)
    expect(node.clock.pendingCount).toBe(idle)
    expect(await metas(node)).toEqual([])
  })

  test('[S-5] and is not done for a session that another connection holds by then', async () => {
    const { ada, node } = await joined({ rates })
    const [hello] = await ada.ask([null, 'h', 'rollcall', 'hello', {}])
    // It does not even notice that it is closed.
    ada.wire.isAlive = false
    ada.say(update('1', { n: 1 }), update('2', { n: 2 }), update('3', { n: 3 }))
    const again = await node.native('ada')
    await again.ask([null, 'h', 'rollcall', 'hello', { token: hello[4].response.token }])
    await again.join(topic, { meta: { fresh: true } })
    await node.clock.advance(1000)
    expect(await metas(node)).toEqual([{ fresh: true }])
  })

  test('middleware sees what is done, once', async () => {
    const seen: unknown[] = []
    const channel = defineChannel({
      topicPattern: 'room:*',
      join: (ctx) => void ctx.track(ctx.identity.id, {}),
      middleware: [
        (_ctx, call, next) => {
          if (call.kind === 'update') seen.push(call.meta)
          return next()
        },
      ],
    })
    const { ada, node } = await joined({ rates, channels: [channel] })
    ada.say(...[1, 2, 3, 4, 5].map((n) => update(String(n), { n })))
    await node.clock.advance(1000)
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 5 }])
  })
})

describe('[S-37] abuse', () => {
  const rates = { messages: { perSecond: 10, burst: 5 }, abuse: { perSecond: 1, burst: 3 } }

  test.each<[string, (peer: Peer, ref: string) => void]>([
    ['frames that cannot be understood', (peer) => peer.wire.receive('garbage')],
    ['frames that are too large', (peer) => peer.wire.receive(`"${'x'.repeat(2000)}"`)],
    ['messages that come too fast', (peer, ref) => peer.say(beat(ref))],
  ])('%s: closed with 1008, presences leave at once, the log says it once', async (_what, send) => {
    const { ada, watcher, node } = await joined({ rates, limits: { frameBytes: 1000 } })
    ada.say(...['1', '2', '3', '4', '5'].map(beat))
    await ada.heard()
    for (let i = 0; i < 3; i++) send(ada, `x${i}`)
    expect(ada.wire.closedWith).toBeNull()
    expect(await ada.heard()).toHaveLength(3)
    for (let i = 0; i < 100; i++) send(ada, `y${i}`)
    expect(ada.wire.closedWith).toEqual({ code: 1008, reason: 'abuse' })
    await node.clock.advance(300)
    const leaves = (await watcher.heard()).flatMap(([, , , , { leaves }]) => leaves)
    expect(leaves).toMatchObject([{ key: 'ada', reason: 'kicked' }])
    expect(node.log.of('warn')).toHaveLength(1)
    expect(node.node.sessionCount).toBe(1)
  })

  test('messages that are too many bytes, if there are few of them: the same', async () => {
    const bytes = { perSecond: 1000, burst: 1000 }
    const { ada } = await joined({ rates: { bytes, abuse: rates.abuse }, limits: { frameBytes: 1000 } })
    for (let i = 0; i < 4; i++) ada.say(heavy(String(i)))
    expect(ada.wire.closedWith).toBeNull()
    ada.say(heavy('4'))
    expect(ada.wire.closedWith).toEqual({ code: 1008, reason: 'abuse' })
  })

  test('a large message for which there is no room is as many as it would be in small ones', async () => {
    const frameBytes = 32_768
    const room = { bytes: { perSecond: 1, burst: frameBytes }, abuse: { perSecond: 0.001, burst: 10 } }
    const { ada } = await joined({ rates: room, limits: { frameBytes } })
    const large = [null, '1', 'phoenix', 'heartbeat', { pad: 'x'.repeat(20_000) }]
    ada.say(large, large, large)
    expect(ada.wire.closedWith).toBeNull()
    ada.say(large)
    expect(ada.wire.closedWith).toEqual({ code: 1008, reason: 'abuse' })
  })

  test('by a peer that does not answer the close: the same, without waiting for it', async () => {
    const { ada, watcher, node } = await joined({ rates })
    ada.wire.isAlive = false
    for (let i = 0; i < 20; i++) ada.wire.receive('garbage')
    await node.clock.advance(300)
    const leaves = (await watcher.heard()).flatMap(([, , , , payload]) => payload.leaves)
    expect(leaves).toMatchObject([{ key: 'ada', reason: 'kicked' }])
  })

  test('its session cannot be resumed', async () => {
    const node = new TestNode({ rates })
    const ada = await node.native('ada')
    const [hello] = await ada.ask([null, '1', 'rollcall', 'hello', {}])
    const { token } = hello[4].response
    for (let i = 0; i < 20; i++) ada.wire.receive('garbage')
    await node.clock.advance(10)
    const again = await node.native('ada')
    const [second] = await again.ask([null, '1', 'rollcall', 'hello', { token }])
    expect(second[4].response).toMatchObject({ resumed: false })
  })

  test('mistakes in a slow stream are answered for ever', async () => {
    const { ada, node } = await joined({ rates })
    for (let i = 0; i < 50; i++) {
      ada.wire.receive('garbage')
      await node.clock.advance(1001)
    }
    expect(ada.wire.closedWith).toBeNull()
  })

  test('an honest flood of updates is none: what is replaced is no offence', async () => {
    const { ada, node } = await joined({ rates: { abuse: { perSecond: 1, burst: 3 } } })
    // A cursor, sixty times a second, for a minute.
    for (let i = 0; i < 3600; i++) {
      ada.say(update(String(i), { x: i }))
      await node.clock.advance(1000 / 60)
    }
    await node.clock.advance(1000)
    expect(ada.wire.closedWith).toBeNull()
    expect(await metas(node)).toEqual([{ x: 3599 }])
  })
})

describe('[S-50] what a message costs', () => {
  const rates = { bytes: { perSecond: 1000, burst: 2000 } }

  test('is what was sent for it, where it inflates to less', async () => {
    const { ada } = await joined({ rates, limits: { frameBytes: 1000 } })
    const small = Buffer.from(JSON.stringify(beat('1')))
    ada.wire.receiveBytes(small, false, 1500)
    ada.wire.receiveBytes(small, false, 1500)
    expect(replies(await ada.heard())).toEqual(['1 ok', '1 error throttled'])
  })

  test('is what it inflates to, where less was sent', async () => {
    const { ada } = await joined({ rates, limits: { frameBytes: 1000 } })
    const large = Buffer.from(JSON.stringify(heavy('1')))
    for (let i = 0; i < 3; i++) ada.wire.receiveBytes(large, false, 20)
    expect(replies(await ada.heard())).toEqual(['1 ok', '1 ok', '1 error throttled'])
  })
})

describe('[S-52] over several connections', () => {
  const rates = { messages: { perSecond: 10, burst: 4 }, guestsPerAddress: 2 }
  const counted = (frames: unknown[][]) =>
    frames.map((each) => replies(each).filter((reply) => reply.endsWith('ok')).length)

  test('an identity sends what it may over one', async () => {
    const { node, ada } = await joined({ rates })
    const others = await Promise.all(Array.from({ length: 9 }, () => node.native('ada')))
    for (const peer of [ada, ...others]) peer.say(beat('1'), beat('2'))
    const oks = counted(await Promise.all([ada, ...others].map((peer) => peer.heard())))
    expect(oks.reduce((sum, each) => sum + each)).toBe(4)
  })

  test('and gets no new burst by coming back', async () => {
    const { node, ada } = await joined({ rates })
    ada.say(beat('1'), beat('2'), beat('3'), beat('4'))
    ada.wire.end(1000)
    const again = await node.native('ada')
    expect(replies(await again.ask(beat('5')))).toEqual(['5 error throttled'])
  })

  test('the guests of one address send what several may; those of another are not concerned', async () => {
    const node = new TestNode({ rates, mode: 'production', allowAnonymous: true })
    const guest = (remoteAddress: string) => node.connect({ remoteAddress })
    const here = await Promise.all(Array.from({ length: 9 }, () => guest('10.0.0.1')))
    const there = await guest('10.0.0.2')
    for (const peer of [...here, there]) peer.say(beat('1'), beat('2'), beat('3'))
    const oks = counted(await Promise.all([...here, there].map((peer) => peer.heard())))
    expect(oks.pop()).toBe(3)
    expect(oks.reduce((sum, each) => sum + each)).toBe(8)
  })

  test('[S-84] of the middleware rateLimit, too, guests have as much as the option says', async () => {
    const limit = rateLimit({ perSecond: 0.001, burst: 2 })
    const channel = defineChannel({
      topicPattern: 'room:*',
      handlers: { say: (ctx) => ({ factor: ctx.rateFactor }) },
      middleware: [(ctx, call, next) => (call.kind === 'event' ? limit(ctx, call, next) : next())],
    })
    const options = { rates: { guestsPerAddress: 3 }, channels: [channel] }
    const open = new TestNode({ ...options, mode: 'production', allowAnonymous: true })
    const named = new TestNode(options)
    const say = async (node: TestNode, peers: readonly Peer[]) => {
      for (const peer of peers) peer.say(['j', 'j', topic, 'phx_join', {}])
      await node.clock.advance(1000)
      for (const peer of peers) peer.say(...['1', '2', '3'].map((ref) => ['j', ref, topic, 'say', {}]))
      await node.clock.advance(1000)
      const heard = (await Promise.all(peers.map((peer) => peer.heard()))).flat()
      return heard.flatMap(([, , , , { response }]) => response?.factor ?? [])
    }
    const guests = await Promise.all(Array.from({ length: 5 }, () => open.connect()))
    expect(await say(open, guests)).toEqual([3, 3, 3, 3, 3, 3])
    const tabs = await Promise.all(Array.from({ length: 5 }, () => named.native('ada')))
    expect(await say(named, tabs)).toEqual([1, 1])
  })
})

import { describe, expect, test } from 'vitest'
import { type Peer, TestNode } from '../testing-support/test-node'
import type { ChannelContext } from './context'
import { type ChannelDefinition, defineChannel, type Handler } from './define-channel'
import { refuse } from './reply'

const topic = 'room:lobby'

/** The one reply among frames, as `[ref, status, response]`. */
const repliesIn = (frames: unknown[][]) =>
  frames
    .filter(([, , , event]) => event === 'phx_reply')
    .map(([, ref, , , payload]) => {
      const { status, response } = payload as { status: string; response: Record<string, unknown> }
      return [ref, status, response] as const
    })
const eventsIn = (frames: unknown[][]) => frames.map(([, , , event]) => event)

const tracking = (some: Partial<ChannelDefinition> = {}) =>
  defineChannel({
    topicPattern: 'room:*',
    join: (ctx, payload) => {
      ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
    },
    ...some,
  })

const withHandlers = (handlers: Record<string, Handler>) => tracking({ handlers })

async function joined(node: TestNode, userId: string, ref = 'j'): Promise<Peer> {
  const peer = await node.native(userId)
  await peer.join(topic, {}, ref)
  await node.clock.advance(300)
  await peer.heard()
  return peer
}

/** A handler that waits until it is let go on. */
function gated() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

describe('[S-1] a join', () => {
  test('is answered with a reply, then a state that holds the joiner, and no diff before it', async () => {
    const node = new TestNode()
    const ada = await node.native('ada')
    const frames = await ada.join(topic, { meta: { status: 'online' } })
    expect(frames).toEqual([
      ['j', 'j', topic, 'phx_reply', { status: 'ok', response: {} }],
      [
        null,
        null,
        topic,
        'presence_state',
        expect.objectContaining({
          presences: [expect.objectContaining({ key: 'ada', meta: { status: 'online' }, rev: 0 })],
        }),
      ],
    ])
  })

  test('that fifty make at once costs each a reply and a state, and who is there one diff', async () => {
    const node = new TestNode()
    const watcher = await joined(node, 'watcher')
    const crowd = await Promise.all(Array.from({ length: 50 }, (_, i) => node.native(`k${i}`)))
    for (const peer of crowd) peer.say(['j', 'j', topic, 'phx_join', {}])
    for (const peer of crowd) {
      const frames = await peer.heard()
      expect(eventsIn(frames)).toEqual(['phx_reply', 'presence_state'])
      expect(frames[1][4].presences).toHaveLength(51)
    }
    const told = await watcher.heard()
    expect(eventsIn(told)).toEqual(['presence_diff'])
    expect(told[0][4].joins).toHaveLength(50)
  })

  test('is decided by the channel: what it returns is the response', async () => {
    const node = new TestNode({ channels: [tracking({ join: async () => ({ seats: 8 }) })] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic))).toEqual([['j', 'ok', { seats: 8 }]])
  })

  test('that is refused is told why, and leaves neither presence nor membership', async () => {
    const leaves: string[] = []
    const channel = tracking({
      join: (ctx) => {
        ctx.track('ada', {})
        return refuse('room_full', { seats: 8 })
      },
      leave: (_ctx, reason) => void leaves.push(reason),
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'room_full', seats: 8 })],
    ])
    expect(await node.registry.list(topic)).toEqual([])
    expect(repliesIn(await ada.ask([null, '2', topic, 'say', {}]))).toEqual([
      ['2', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
  })

  test('of a topic that no channel serves is refused', async () => {
    const node = new TestNode({ channels: [tracking()] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join('chat:1'))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'unmatched_topic' })],
    ])
  })

  test('of a channel without presence is answered, and no presence is told', async () => {
    const node = new TestNode({ channels: [tracking({ presence: false })] })
    const ada = await node.native('ada')
    expect(eventsIn(await ada.join(topic))).toEqual(['phx_reply'])
    node.registry.track('bot', topic, 'bot', {})
    node.registry.broadcast(topic, 'message', {})
    await node.clock.advance(300)
    expect(eventsIn(await ada.heard())).toEqual(['message'])
  })

  test('whose channel pushes the state itself gets it once, after the reply', async () => {
    const wait = gated()
    const channel = tracking({
      join: async (ctx) => {
        ctx.track(ctx.identity.id, {})
        ctx.pushState()
        await wait.opened
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    expect(await ada.join(topic)).toEqual([])
    node.registry.broadcast(topic, 'message', {})
    expect(await ada.heard()).toEqual([])
    wait.open()
    await node.clock.advance(300)
    expect(eventsIn(await ada.heard())).toEqual(['phx_reply', 'presence_state'])
  })

  test('[S-9] beyond the topics that a session may be in is refused, with the limit', async () => {
    const node = new TestNode({ limits: { channelsPerSession: 2 } })
    const ada = await node.native('ada')
    for (const name of ['room:1', 'room:2']) await ada.join(name)
    await node.clock.advance(300)
    expect(repliesIn(await ada.join('room:3'))).toEqual([
      ['j', 'error', expect.objectContaining({ limit: 'channelsPerSession', max: 2, actual: 3 })],
    ])
    expect(repliesIn(await ada.join('room:2', {}, 'again'))).toEqual([['again', 'ok', {}]])
    await ada.ask([null, '1', 'room:1', 'phx_leave', {}])
    expect(repliesIn(await ada.join('room:3'))).toEqual([['j', 'ok', {}]])
  })
})

describe('a second join of the same topic', () => {
  test('[S-3] takes the presence over: an update, no leave and no join', async () => {
    const node = new TestNode()
    const watcher = await joined(node, 'watcher')
    const ada = await node.native('ada')
    await ada.join(topic, { meta: { n: 1 } }, '1')
    await node.clock.advance(300)
    await watcher.heard()
    await ada.heard()
    const frames = await ada.join(topic, { meta: { n: 2 } }, '2')
    expect(eventsIn(frames)).toEqual(['phx_close', 'phx_reply', 'presence_state'])
    expect(frames[0]).toEqual(['1', '1', topic, 'phx_close', expect.objectContaining({ reason: 'replaced' })])
    await node.clock.advance(300)
    expect(await watcher.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { joins: [], leaves: [], updates: [{ meta: { n: 2 }, rev: 1 }] }],
    ])
  })

  test('that tracks nobody ends the earlier presence', async () => {
    let isFirst = true
    const channel = tracking({
      join: (ctx) => {
        if (isFirst) ctx.track('ada', {})
        isFirst = false
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
  })

  test('that is refused ends the earlier presence and the membership', async () => {
    let isFirst = true
    const channel = tracking({
      join: (ctx) => {
        const reply = isFirst ? undefined : refuse('no')
        if (isFirst) ctx.track('ada', {})
        isFirst = false
        return reply
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
    expect(node.registry.topicCount).toBe(0)
  })

  test('[S-5] one that is still being decided when a newer one came takes nothing of that', async () => {
    const decide: (() => void)[] = []
    const channel = tracking({
      join: async (ctx, payload) => {
        if (payload.tracks) ctx.track(ctx.identity.id, {})
        else await new Promise<void>((resolve) => decide.push(resolve))
        return payload.tracks ? undefined : refuse('too late')
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic, { tracks: true }, '1')
    await ada.join(topic, {}, '2')
    await ada.join(topic, { tracks: true }, '3')
    await node.clock.advance(300)
    await ada.heard()
    for (const resolve of decide) resolve()
    await node.clock.advance(300)
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toHaveLength(1)
  })

  test('[S-5] messages of the earlier join are refused, those of the newer one are taken', async () => {
    const node = new TestNode({ channels: [withHandlers({ ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    expect(repliesIn(await ada.ask(['1', 'a', topic, 'ping', {}]))).toEqual([
      ['a', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
    expect(repliesIn(await ada.ask(['2', 'b', topic, 'ping', {}]))).toEqual([['b', 'ok', { pong: true }]])
    expect(repliesIn(await ada.ask([2, 'c', topic, 'ping', {}]))).toEqual([['c', 'ok', { pong: true }]])
    expect(repliesIn(await ada.ask([null, 'd', topic, 'ping', {}]))).toEqual([['d', 'ok', { pong: true }]])
  })

  test('[S-5] a leave of the earlier join takes nothing with it', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    expect(repliesIn(await ada.ask(['1', 'a', topic, 'phx_leave', {}]))).toEqual([['a', 'ok', {}]])
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toHaveLength(1)
  })

  test('[S-5] what the earlier join’s handlers still do changes nothing of the newer one’s', async () => {
    const contexts: ChannelContext[] = []
    const channel = tracking({
      join: (ctx) => {
        contexts.push(ctx)
        ctx.track(ctx.identity.id, { join: contexts.length })
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    const earlier = contexts[0]!
    expect(earlier.track('ada', { late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.update({ late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.patch({ late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.untrack()).toBe(false)
    earlier.push('late', {})
    earlier.pushState()
    earlier.close('kicked')
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toMatchObject([{ key: 'ada', meta: { join: 2 } }])
  })
})

describe('a leave', () => {
  test('is answered, closes the channel, and ends the presence before the application is told', async () => {
    const log: unknown[] = []
    const channel = tracking({
      leave: async (ctx, reason) => {
        log.push(reason, await ctx.list())
      },
    })
    const node = new TestNode({ channels: [channel] })
    const watcher = await joined(node, 'watcher')
    const ada = await joined(node, 'ada')
    await watcher.heard()
    expect(await ada.ask(['j', '5', topic, 'phx_leave', {}])).toEqual([
      ['j', '5', topic, 'phx_reply', { status: 'ok', response: {} }],
      ['j', 'j', topic, 'phx_close', {}],
    ])
    await node.clock.advance(300)
    expect(log).toEqual(['left', [expect.objectContaining({ key: 'watcher' })]])
    expect(await watcher.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ key: 'ada', reason: 'left' }] }],
    ])
  })

  test('a second one, or one of a topic that was never joined, is no fault', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    await ada.ask(['j', '5', topic, 'phx_leave', {}])
    expect(repliesIn(await ada.ask(['j', '6', topic, 'phx_leave', {}]))).toEqual([['6', 'ok', {}]])
    expect(repliesIn(await ada.ask([null, '7', 'room:never', 'phx_leave', {}]))).toEqual([['7', 'ok', {}]])
  })

  test('[S-5] while the join is being decided ends it: no reply, no presence', async () => {
    const wait = gated()
    const channel = tracking({
      join: async (ctx) => {
        await wait.opened
        ctx.track('ada', {})
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic)
    expect(repliesIn(await ada.ask(['j', '2', topic, 'phx_leave', {}]))).toEqual([['2', 'ok', {}]])
    wait.open()
    await node.clock.advance(300)
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toEqual([])
    expect(node.registry.topicCount).toBe(0)
  })

  test('[S-13] whose application fails is logged, and left all the same', async () => {
    const channel = tracking({
      leave: () => {
        throw new Error('no')
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '5', topic, 'phx_leave', {}]))).toEqual([['5', 'ok', {}]])
    expect(node.log.of('error')).toHaveLength(1)
  })
})

describe('what a client pushes', () => {
  test('before the reply to its join waits for it', async () => {
    const wait = gated()
    const channel = tracking({ join: () => wait.opened, handlers: { ping: () => ({ pong: true }) } })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    ada.say(['j', 'j', topic, 'phx_join', {}], ['j', '2', topic, 'ping', {}])
    expect(await ada.heard()).toEqual([])
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      ['j', 'ok', {}],
      ['2', 'ok', { pong: true }],
    ])
  })

  test('before a join that is refused is refused, too', async () => {
    const wait = gated()
    const channel = tracking({
      join: async () => {
        await wait.opened
        return refuse('no')
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    ada.say(
      ['j', 'j', topic, 'phx_join', {}],
      ['j', '2', topic, 'ping', {}],
      ['j', '3', topic, 'presence_sync', {}],
    )
    await ada.heard()
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'no' })],
      ['2', 'error', expect.objectContaining({ reason: 'not_joined' })],
      ['3', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
  })

  test('is taken in its order, one after the other', async () => {
    const log: string[] = []
    const slow: Handler = async (_ctx, payload) => {
      log.push(`${payload} begins`)
      await Promise.resolve()
      log.push(`${payload} ends`)
    }
    const node = new TestNode({ channels: [withHandlers({ slow })] })
    const ada = await joined(node, 'ada')
    ada.say(...['a', 'b', 'c'].map((name) => ['j', name, topic, 'slow', name]))
    expect(repliesIn(await ada.heard()).map(([ref]) => ref)).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('[S-9] beyond what may wait is refused with throttled, and the rest is taken', async () => {
    const wait = gated()
    const node = new TestNode({
      maxWaitingMessages: 2,
      channels: [withHandlers({ slow: () => wait.opened })],
    })
    const ada = await joined(node, 'ada')
    ada.say(...[1, 2, 3, 4, 5].map((ref) => ['j', ref, topic, 'slow', {}]))
    const refused = repliesIn(await ada.heard())
    expect(refused.map(([ref, , body]) => [ref, body.reason])).toEqual([
      [4, 'throttled'],
      [5, 'throttled'],
    ])
    expect(refused[0]![2]).toMatchObject({
      message: expect.stringContaining('maxWaitingMessages'),
      retry_after_ms: 1000,
    })
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      [1, 'ok', {}],
      [2, 'ok', {}],
      [3, 'ok', {}],
    ])
  })

  test('without a ref is not answered, unless it is refused', async () => {
    const node = new TestNode({ channels: [withHandlers({ ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada')
    expect(await ada.ask(['j', null, topic, 'ping', {}])).toEqual([])
    expect(repliesIn(await ada.ask(['j', null, topic, 'nope', {}]))).toEqual([
      [null, 'error', expect.objectContaining({ reason: 'unknown_event' })],
    ])
  })

  test('has the answer that the handler gives, a 0 and a null among them', async () => {
    const node = new TestNode({
      channels: [withHandlers({ zero: () => 0, list: () => [1], text: async () => '' })],
    })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '1', topic, 'zero', {}]))).toEqual([['1', 'ok', 0]])
    expect(repliesIn(await ada.ask(['j', '2', topic, 'list', {}]))).toEqual([['2', 'ok', [1]]])
    expect(repliesIn(await ada.ask(['j', '3', topic, 'text', {}]))).toEqual([['3', 'ok', '']])
  })

  test('has its answer after the events that its handler pushed, and they leave in one write', async () => {
    const handlers: Record<string, Handler> = {
      burst: (ctx) => {
        for (let i = 0; i < 5; i++) ctx.push('part', { i })
      },
    }
    const node = new TestNode({ channels: [withHandlers(handlers)] })
    const ada = await joined(node, 'ada')
    const writes = ada.wire.writes.length
    expect(eventsIn(await ada.ask(['j', '1', topic, 'burst', {}]))).toEqual([
      ...Array(5).fill('part'),
      'phx_reply',
    ])
    expect(ada.wire.writes.length - writes).toBe(1)
  })
})

describe('[S-13] a handler that fails', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular

  test.each<[string, Handler, string]>([
    [
      'throws',
      () => {
        throw new Error('secret reason')
      },
      'handler_failed',
    ],
    ['rejects', () => Promise.reject(new Error('secret reason')), 'handler_failed'],
    ['answers with what is no JSON', () => ({ big: 1n }) as never, 'handler_failed'],
    ['resolves with what is no JSON', async () => circular as never, 'handler_failed'],
    ['pushes a reserved event', (ctx) => ctx.push('presence_state', {}), 'handler_failed'],
    ['broadcasts a reserved event', (ctx) => ctx.broadcast('presence_diff', {}), 'handler_failed'],
    ['tracks with a meta that is none', (ctx) => void ctx.track('ada', 'text' as never), 'handler_failed'],
    ['never finishes', () => new Promise(() => {}), 'handler_timeout'],
  ])('as it %s, is answered, logged, and disturbs nothing else', async (_what, broken, reason) => {
    const node = new TestNode({ channels: [withHandlers({ broken, ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada')
    ada.say(['j', '1', topic, 'broken', {}], ['j', '2', topic, 'ping', {}])
    await node.clock.advance(10_000)
    const [failed, answered] = repliesIn(await ada.heard())
    expect(failed).toEqual(['1', 'error', expect.objectContaining({ reason })])
    expect(JSON.stringify(failed)).not.toContain('secret')
    expect(answered).toEqual(['2', 'ok', { pong: true }])
    expect(node.log.of('error')).toHaveLength(1)
    expect(await node.registry.list(topic)).toHaveLength(1)
    expect(ada.wire.isOpen).toBe(true)
  })

  test.each<[string, NonNullable<ChannelDefinition['join']>, string]>([
    ['rejects', () => Promise.reject(new Error('secret reason')), 'handler_failed'],
    ['answers with what is no JSON', () => ({ big: 1n }) as never, 'handler_failed'],
    ['never finishes', () => new Promise(() => {}), 'handler_timeout'],
  ])('as its join %s, is a join that is refused, and can be tried again', async (_what, broken, reason) => {
    let isBroken = true
    const channel = tracking({ join: (ctx, payload) => (isBroken ? broken(ctx, payload) : { fine: true }) })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic, {}, '1')
    await node.clock.advance(10_000)
    await ada.heard()
    isBroken = false
    await ada.join(topic, {}, '2')
    const all = ada.wire.writes.flat().map((frame) => JSON.parse(frame as string))
    expect(eventsIn(all)).toEqual(['phx_reply', 'phx_reply', 'presence_state'])
    expect(repliesIn(all)).toEqual([
      ['1', 'error', expect.objectContaining({ reason })],
      ['2', 'ok', { fine: true }],
    ])
  })
})

describe('[S-15] presence cannot be forged', () => {
  const reserved = [
    'presence_state',
    'presence_diff',
    'phx_reply',
    'phx_close',
    'phx_error',
    'presence.online',
  ]

  test.each(reserved)('%s pushed by a client is refused, and reaches nobody', async (event) => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    expect(repliesIn(await ada.ask(['j', '1', topic, event, { forged: true }]))).toEqual([
      ['1', 'error', expect.objectContaining({ reason: 'reserved_event' })],
    ])
    await node.clock.advance(300)
    expect(await bob.heard()).toEqual([])
  })

  test.each(reserved)('%s sent by the application is its mistake', async (event) => {
    const contexts: ChannelContext[] = []
    const node = new TestNode({ channels: [tracking({ join: (ctx) => void contexts.push(ctx) })] })
    await joined(node, 'ada')
    const ctx = contexts[0]!
    const mistake = expect.objectContaining({ code: 'invalid_argument' })
    expect(() => ctx.push(event, {})).toThrow(mistake)
    expect(() => ctx.broadcast(event, {})).toThrow(mistake)
    expect(() => ctx.broadcastFrom(event, {})).toThrow(mistake)
  })
})

describe('what a channel sends', () => {
  const handlers: Record<string, Handler> = {
    tell_me: (ctx, payload) => ctx.push('told', payload),
    tell_all: (ctx, payload) => ctx.broadcast('told', payload),
    tell_others: (ctx, payload) => ctx.broadcastFrom('told', payload),
    show_me: (ctx) => ctx.pushState(),
  }

  test.each([
    ['tell_me', ['told'], []],
    ['tell_all', ['told'], ['told']],
    ['tell_others', [], ['told']],
    ['show_me', ['presence_state'], []],
  ])('with %s reaches whom it is meant for', async (event, mine, theirs) => {
    const node = new TestNode({ channels: [withHandlers(handlers)] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    const heard = eventsIn(await ada.ask(['j', '1', topic, event, { n: 1 }]))
    expect(heard.filter((one) => one !== 'phx_reply')).toEqual(mine)
    expect(eventsIn(await bob.heard())).toEqual(theirs)
  })

  test('to a session that it puts out is the last, with the reason', async () => {
    const kick: Handler = (ctx) => {
      ctx.close('kicked')
      ctx.push('told', {})
      return { unheard: true }
    }
    const node = new TestNode({ channels: [withHandlers({ kick })] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    const frames = await ada.ask(['j', '1', topic, 'kick', {}])
    expect(frames[0]).toEqual(['j', 'j', topic, 'phx_close', { reason: 'kicked' }])
    expect(eventsIn(frames)).not.toContain('told')
    await node.clock.advance(300)
    expect(await bob.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ reason: 'kicked' }] }],
    ])
  })

  test('assigns are shared by the channels of a session, and by nobody else', async () => {
    const channel = tracking({ join: (ctx) => ({ seen: [...ctx.assigns.set(ctx.topic, true).keys()] }) })
    const node = new TestNode({ channels: [channel] })
    const [ada, bob] = [await node.native('ada'), await node.native('bob')]
    await ada.join('room:1')
    expect(repliesIn(await ada.join('room:2'))).toEqual([['j', 'ok', { seen: ['room:1', 'room:2'] }]])
    await node.clock.advance(300)
    expect(repliesIn(await bob.join('room:2'))).toEqual([['j', 'ok', { seen: ['room:2'] }]])
  })
})

describe('presence from the client', () => {
  test('[S-3] an update and a patch change the session’s own, and are told as updates', async () => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta: { a: 1, b: 1 } }]))).toEqual([
      ['1', 'ok', {}],
    ])
    expect(repliesIn(await ada.ask(['j', '2', topic, 'presence_patch', { patch: { b: null } }]))).toEqual([
      ['2', 'ok', {}],
    ])
    await node.clock.advance(300)
    const diffs = (await bob.heard()).map(([, , , , diff]) => diff)
    for (const diff of diffs) expect(diff).toMatchObject({ joins: [], leaves: [] })
    expect(diffs.at(-1).updates).toMatchObject([{ meta: { a: 1 } }])
  })

  test('is refused where there is none to change', async () => {
    const node = new TestNode({ channels: [tracking({ join: () => undefined })] })
    const ada = await joined(node, 'ada')
    for (const [event, payload] of [
      ['presence_update', { meta: {} }],
      ['presence_patch', { patch: {} }],
    ]) {
      expect(repliesIn(await ada.ask(['j', '1', topic, event, payload]))).toEqual([
        ['1', 'error', expect.objectContaining({ reason: 'not_tracked' })],
      ])
    }
  })

  test('[S-16] is refused where it is too large, with the limit, and stays as it was', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    const meta = { a: 'x'.repeat(300) }
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta }]))).toEqual([
      [
        '1',
        'error',
        expect.objectContaining({ limit: 'metaBytes', max: 256, actual: 308, option: 'limits.metaBytes' }),
      ],
    ])
    expect(await node.registry.list(topic)).toMatchObject([{ meta: {}, rev: 0 }])
  })

  test('goes through the middleware, which may refuse it', async () => {
    const calls: string[] = []
    const channel = tracking({
      middleware: [
        (_ctx, call, next) => {
          calls.push(call.kind)
          return call.kind === 'update' ? refuse('no') : next()
        },
      ],
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta: { n: 1 } }]))).toEqual([
      ['1', 'error', expect.objectContaining({ reason: 'no' })],
    ])
    await ada.ask(['j', '2', topic, 'presence_patch', { patch: {} }])
    expect(calls).toEqual(['join', 'update', 'patch'])
  })

  test('[S-1] a sync is answered, then comes the state', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    const frames = await ada.ask(['j', '1', topic, 'presence_sync', {}])
    await node.clock.advance(300)
    expect(eventsIn([...frames, ...(await ada.heard())])).toEqual(['phx_reply', 'presence_state'])
  })
})

describe('the reference channel', () => {
  test('passes any event on to everybody, as it is', async () => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    for (const payload of [{ text: 'hi' }, [1], 'text', 0, null]) {
      await ada.ask(['j', '1', topic, 'constructor', payload])
      expect(await bob.heard()).toEqual([[null, null, topic, 'constructor', payload]])
    }
  })

  test.each([[[]], ['text'], [5]])('refuses to join with a meta of %j', async (meta) => {
    const node = new TestNode()
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic, { meta }))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'invalid_message' })],
    ])
  })

  test('[S-14] tracks under the identity, whatever the client would like to be called', async () => {
    const node = new TestNode()
    const ada = await node.native('ada')
    await ada.join(topic, { key: 'root', user: 'root', meta: { key: 'root' } })
    expect((await node.registry.list(topic)).map(({ key }) => key)).toEqual(['ada'])
  })

  test('[S-10] of topics and users with the names of prototypes', async () => {
    const node = new TestNode()
    for (const name of ['__proto__', 'constructor']) {
      const peer = await node.native(name)
      const frames = await peer.join(name, { meta: JSON.parse('{"__proto__":{"a":1}}') })
      expect(eventsIn(frames)).toEqual(['phx_reply', 'presence_state'])
      expect(JSON.stringify(frames[1][4].presences)).toContain('"meta":{"__proto__":{"a":1}}')
    }
  })
})

import { describe, expect, test } from 'vitest'
import { defineChannel } from '../channel/channel-definition'
import { refuse } from '../channel/reply'
import { GRACE_MS, hello, opened } from '../testing-support/held-session'
import { type Peer, TestNode } from '../testing-support/test-node'

/* What becomes of a native session over its connections, in virtual time. */

const topic = 'room:lobby'
/** Of the join of a client that goes on with what it has. One without it begins anew: its page was loaded again. */
const BACK = { presence_since: null }

describe('[S-6] a session whose connection was lost', () => {
  test('is kept for the grace and resumed with its token, and nobody sees a change', async () => {
    const { node, ada, token, session, seen } = await opened()
    ada.wire.end(1006)
    await node.clock.advance(GRACE_MS - 1000)
    const again = await node.native('ada')
    expect(await hello(again, token)).toMatchObject({ resumed: true, token, session })
    const frames = await again.join(topic, BACK, '2')
    expect(frames.map(([, , , event]) => event)).toEqual(['phx_reply', 'presence_state'])
    await node.clock.advance(3 * GRACE_MS)
    expect(await seen()).toEqual([])
    expect(node.node.sessionCount).toBe(2)
  })

  test('leaves after the grace with the reason timeout, and not before', async () => {
    const { node, ada, seen, keys } = await opened()
    ada.wire.end(1006)
    await node.clock.advance(GRACE_MS - 400)
    expect(await seen()).toEqual([])
    await node.clock.advance(400)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'timeout' }] }])
    expect(await keys()).toEqual(['watcher'])
    expect(node.node.sessionCount).toBe(1)
  })

  test.each([
    ['[S-67] of a page that is suspended', 4005],
    ['[S-67] whose peer was suspended or left, and did not say which', 1001],
  ])('%s has the whole grace', async (_what, code) => {
    const { node, ada, token, seen } = await opened()
    ada.wire.end(code)
    await node.clock.advance(GRACE_MS - 400)
    expect(await seen()).toEqual([])
    expect(await hello(await node.native('ada'), token)).toMatchObject({ resumed: true })
    await node.clock.advance(GRACE_MS - 400)
    expect(await seen()).toEqual([])
  })

  test('[S-67] of a page that was suspended too long leaves with timeout', async () => {
    const { node, ada, seen } = await opened()
    ada.wire.end(4005)
    await node.clock.advance(GRACE_MS)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'timeout' }] }])
  })

  test('[S-67] of an unloaded page has a shorter grace and leaves with closed', async () => {
    const { node, ada, seen } = await opened()
    ada.wire.end(4006)
    await node.clock.advance(2600)
    expect(await seen()).toEqual([])
    await node.clock.advance(400)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'closed' }] }])
  })

  test.each([
    ['closed on purpose', (peer: Peer) => peer.wire.end(1000), 'closed'],
    ['said goodbye', (peer: Peer) => peer.say([null, null, 'rollcall', 'goodbye', {}]), 'left'],
  ])('leaves at once if its client %s', async (_what, end, reason) => {
    const { node, ada, token, seen } = await opened()
    end(ada)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason }] }])
    expect(await hello(await node.native('ada'), token)).toMatchObject({ resumed: false })
  })

  test('[S-8] and is half open leaves within pingIntervalMs + pongTimeoutMs and the grace', async () => {
    const { node, ada, watcher, keys } = await opened({
      heartbeat: { pingIntervalMs: 2000, pongTimeoutMs: 1000 },
    })
    ada.wire.isAlive = false
    await node.clock.advance(3000)
    expect(ada.wire.isOpen).toBe(false)
    expect(await keys()).toEqual(['watcher', 'ada'])
    await node.clock.advance(GRACE_MS + 300)
    expect((await watcher.heard())[0][4].leaves).toMatchObject([{ key: 'ada', reason: 'timeout' }])
  })

  test('misses nothing: it gets the changes that happened meanwhile', async () => {
    const { node, ada, token } = await opened()
    ada.wire.end(1006)
    const bob = await node.native('bob')
    await bob.join(topic)
    await node.clock.advance(300)
    const again = await node.native('ada')
    await hello(again, token)
    const [, state] = await again.join(topic, BACK, '2')
    expect(state[4].presences.map(({ key }: { key: string }) => key)).toEqual(['watcher', 'ada', 'bob'])
  })

  test('keeps its presence, even if the application would refuse it now', async () => {
    let isFull = false
    let joins = 0
    let leaves = 0
    const channel = defineChannel({
      topicPattern: '*',
      join: (ctx) => {
        joins++
        if (isFull) return refuse('room_full')
        ctx.track(ctx.identity.id, {})
        return { welcome: ctx.identity.id }
      },
      leave: () => void leaves++,
    })
    const { node, ada, token, seen } = await opened({ channels: [channel] })
    isFull = true
    ada.wire.end(1006)
    await node.clock.advance(1000)
    const again = await node.native('ada')
    await hello(again, token)
    const [reply] = await again.join(topic, BACK, '2')
    expect(reply).toEqual(['2', '2', topic, 'phx_reply', { status: 'ok', response: { welcome: 'ada' } }])
    expect([joins, leaves]).toEqual([2, 0])
    expect(await seen()).toEqual([])
  })

  test('leaves a topic that it does not rejoin in time', async () => {
    const { node, ada, token, seen } = await opened()
    await ada.join('room:2')
    ada.wire.end(1006)
    const again = await node.native('ada')
    await hello(again, token)
    await again.join('room:2', BACK, '2')
    await node.clock.advance(GRACE_MS - 1000)
    expect(await seen()).toEqual([])
    await node.clock.advance(1000)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
    expect((await node.registry.list('room:2')).map(({ key }) => key)).toEqual(['ada'])
  })

  test('during a join gets its reply once the join is decided, under its newer ref', async () => {
    let open = () => {}
    const opening = new Promise<void>((resolve) => {
      open = resolve
    })
    const channel = defineChannel({
      topicPattern: '*',
      join: async (ctx) => {
        await opening
        ctx.track(ctx.identity.id, {})
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    const { token } = await hello(ada)
    await ada.join(topic, {}, '1')
    ada.wire.end(1006)
    const again = await node.native('ada')
    await hello(again, token)
    expect(await again.join(topic, BACK, '2')).toEqual([])
    open()
    await node.clock.advance(300)
    const frames = await again.heard()
    expect(frames.map(([joinRef, ref, , event]) => [joinRef, ref, event])).toEqual([
      ['2', '2', 'phx_reply'],
      [null, null, 'presence_state'],
    ])
  })

  test('gets nothing meanwhile, and nothing twice afterwards', async () => {
    const { node, ada, token, watcher } = await opened()
    ada.wire.end(1006)
    await watcher.ask(['j', '1', topic, 'say', { n: 1 }])
    const again = await node.native('ada')
    await hello(again, token)
    await watcher.ask(['j', '2', topic, 'say', { n: 2 }])
    expect(await again.heard()).toEqual([])
    await again.join(topic, BACK, '2')
    await node.clock.advance(300)
    await again.heard()
    await watcher.ask(['j', '3', topic, 'say', { n: 3 }])
    expect(await again.heard()).toEqual([[null, null, topic, 'say', { n: 3 }]])
  })

  test('is not reached by its running handlers: a state requested then comes once, after the rejoin', async () => {
    let open = () => {}
    const opening = new Promise<void>((resolve) => {
      open = resolve
    })
    const channel = defineChannel({
      topicPattern: '*',
      join: (ctx) => void ctx.track(ctx.identity.id, {}),
      handlers: {
        slow: async (ctx) => {
          await opening
          ctx.pushState()
        },
      },
    })
    const { node, ada, token } = await opened({ channels: [channel] })
    ada.say(['j', '1', topic, 'slow', {}])
    await ada.heard()
    ada.wire.end(1006)
    const again = await node.native('ada')
    await hello(again, token)
    open()
    await node.clock.advance(300)
    expect((await again.heard()).map(([, , , event]) => event)).not.toContain('presence_state')
    await again.join(topic, BACK, '2')
    await node.clock.advance(300)
    const all = again.wire.writes.flat().map((frame) => JSON.parse(frame as string)[3])
    expect(all.filter((event) => event === 'presence_state')).toHaveLength(1)
  })
})

describe('[S-6] a reloaded page', () => {
  test('joins within the grace: the application decides, and learns that nobody saw a leave', async () => {
    const log: string[] = []
    const channel = defineChannel({
      topicPattern: '*',
      join: (ctx, payload) => {
        log.push(`${ctx.identity.id} joins, ${ctx.isResumed ? 'resumed' : 'new'}`)
        ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
      },
      leave: (ctx) => void log.push(`${ctx.identity.id} leaves`),
    })
    const { node, ada, token, seen } = await opened({ channels: [channel] })
    ada.wire.end(4006)
    const again = await node.native('ada')
    await hello(again, token)
    const frames = await again.join(topic, { meta: { n: 2 } }, 'j')
    expect(frames.map(([, , , event]) => event)).toEqual(['phx_reply', 'presence_state'])
    await node.clock.advance(3 * GRACE_MS)
    expect(await seen()).toMatchObject([{ joins: [], leaves: [], updates: [{ meta: { n: 2 }, rev: 1 }] }])
    expect(log).toEqual(['watcher joins, new', 'ada joins, new', 'ada joins, resumed'])
  })

  test('with the same meta causes no visible change', async () => {
    const { node, ada, token, seen } = await opened()
    ada.wire.end(4006)
    const again = await node.native('ada')
    await hello(again, token)
    await again.join(topic, { meta: { n: 1 } }, 'j')
    await node.clock.advance(3 * GRACE_MS)
    expect(await seen()).toEqual([])
  })

  test('leaves if it is refused now', async () => {
    let isFull = false
    const channel = defineChannel({
      topicPattern: '*',
      join: (ctx) => (isFull ? refuse('room_full') : void ctx.track(ctx.identity.id, {})),
    })
    const { node, ada, token, keys } = await opened({ channels: [channel] })
    isFull = true
    ada.wire.end(4006)
    const again = await node.native('ada')
    await hello(again, token)
    expect(await again.join(topic, {}, 'j')).toMatchObject([
      ['j', 'j', topic, 'phx_reply', { status: 'error', response: { reason: 'room_full' } }],
    ])
    await node.clock.advance(300)
    expect(await keys()).toEqual(['watcher'])
  })
})

describe('[S-7] a client that resumes with its position', () => {
  test('gets only what it missed, or an empty diff', async () => {
    const { node, ada, token } = await opened()
    const frames = ada.wire.writes.flat().map((frame) => JSON.parse(frame as string))
    const [, , , , held] = frames.find(([, , , event]) => event === 'presence_state')
    ada.wire.end(1006)
    const since = { epoch: held.epoch, seq: held.seq }

    const second = await node.native('ada')
    await hello(second, token)
    const [, nothing] = await second.join(topic, { presence_since: since }, '2')
    expect(nothing[3]).toBe('presence_diff')
    expect(nothing[4]).toMatchObject({
      base: held.seq,
      seq: held.seq,
      digest: held.digest,
      joins: [],
      leaves: [],
    })

    second.wire.end(1006)
    const bob = await node.native('bob')
    await bob.join(topic)
    await node.clock.advance(300)
    const third = await node.native('ada')
    await hello(third, token)
    const [, missed] = await third.join(topic, { presence_since: since }, '3')
    expect(missed[4]).toMatchObject({ base: held.seq, joins: [{ key: 'bob' }], leaves: [] })
  })
})

describe('[S-5] the newer of two connections holds the session', () => {
  test('the older one is closed with 4003, and its end changes nothing', async () => {
    const { node, ada, token, seen, keys } = await opened()
    const again = await node.native('ada')
    expect(await hello(again, token)).toMatchObject({ resumed: true })
    expect(ada.wire.closedWith?.code).toBe(4003)
    await again.join(topic, BACK, '2')
    await node.clock.advance(3 * GRACE_MS)
    expect(await seen()).toEqual([])
    expect(await keys()).toEqual(['watcher', 'ada'])
    expect(again.wire.isOpen).toBe(true)
  })

  test('the older one changes nothing even if it is half open and found dead much later', async () => {
    const { node, ada, token, seen, keys } = await opened({
      heartbeat: { pingIntervalMs: 2000, pongTimeoutMs: 1000 },
    })
    ada.wire.isAlive = false
    const again = await node.native('ada')
    await hello(again, token)
    await again.join(topic, BACK, '2')
    await node.clock.advance(3 * GRACE_MS)
    expect(ada.wire.isOpen).toBe(false)
    expect(await seen()).toEqual([])
    expect(await keys()).toEqual(['watcher', 'ada'])
  })

  test('messages of the older one are ignored', async () => {
    const { node, ada, token, watcher } = await opened()
    ada.wire.isAlive = false
    await hello(await node.native('ada'), token)
    ada.say(['j', '9', topic, 'say', { late: true }], ['j', '10', topic, 'phx_leave', {}])
    await node.clock.advance(300)
    expect(await watcher.heard()).toEqual([])
  })
})

import { describe, expect, test } from 'vitest'
import type { Authenticate } from '../identity/identity'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { eventsIn, gated, repliesIn, topic, tracking } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import { type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'
import type { Authorize, AuthorizeResult } from './authorization'
import type { ChannelDefinition } from './channel-definition'
import { refuse } from './reply'

/** The permissions of each role. A token such as `ada:writer` names a person and a role. */
const byRole: Authorize = ({ identity }) => {
  switch (identity.claims?.role) {
    case 'banned':
      return refuse('banned', { until: 'tomorrow' })
    case 'reader':
      return { readOnly: true }
    case 'ghost':
      return { invisible: true }
    default:
      return undefined
  }
}

const authenticate: Authenticate = ({ token }) => {
  const [id = '', role = ''] = (token ?? '').split(':')
  return { id, claims: { role } }
}

interface Guarded extends Partial<ChannelDefinition> {
  readonly options?: TestNodeOptions
}

/** A server with a channel that checks roles, and a watcher in its lobby. */
async function guarded({ options, ...channel }: Guarded = {}) {
  const calls: string[] = []
  const definition = tracking({
    authorize: byRole,
    join: (ctx, payload) => {
      calls.push(`join ${ctx.identity.id}`)
      const tracked = ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
      return { tracked: tracked.ok }
    },
    leave: (ctx, reason) => void calls.push(`leave ${ctx.identity.id} ${reason}`),
    handlers: { say: (ctx) => void ctx.broadcast('said', { by: ctx.identity.id }) },
    ...channel,
  })
  const node = new TestNode({ channels: [definition], authenticate, ...options })
  const watcher = await node.connect({ token: 'watcher:writer' })
  await watcher.join(topic)
  await settled(node)
  await watcher.heard()
  calls.length = 0
  const seen = async () => {
    await settled(node)
    return (await watcher.heard())
      .filter(([, , , event]) => event === 'presence_diff')
      .map(([, , , , diff]) => diff)
  }
  const keys = async () => (await node.registry.list(topic)).map(({ key }) => key)
  return { node, watcher, calls, seen, keys }
}

const settled = (node: TestNode) => node.clock.advance(300)

async function joinedAs(node: TestNode, token: string) {
  const peer = await node.connect({ token })
  const { token: session } = await hello(peer)
  await peer.join(topic, { meta: { n: 1 } })
  await settled(node)
  await peer.heard()
  return { peer, session }
}

const refreshAs = (peer: Peer, token: string) => peer.ask([null, 'r', 'rollcall', 'refresh', { token }])

const say = async (peer: Peer) => repliesIn(await peer.ask(['j', 's', topic, 'say', {}]))[0]

describe('[S-33] what a session may do in a topic is asked before its join', () => {
  test('who is refused is told why, has not joined, and nobody saw them', async () => {
    const { node, calls, seen } = await guarded()
    const mallory = await node.connect({ token: 'mallory:banned' })
    const frames = await mallory.join(topic)
    expect(frames).toEqual([
      [
        'j',
        'j',
        topic,
        'phx_reply',
        { status: 'error', response: expect.objectContaining({ reason: 'banned', until: 'tomorrow' }) },
      ],
    ])
    expect(await say(mallory)).toMatchObject(['s', 'error', { reason: 'not_joined' }])
    expect(await seen()).toEqual([])
    expect(calls).not.toContain('join mallory')
  })

  test('a session without restrictions may do everything', async () => {
    const { node, seen } = await guarded()
    const { peer } = await joinedAs(node, 'ada:writer')
    expect(await say(peer)).toMatchObject(['s', 'ok', {}])
    expect(await seen()).toMatchObject([{ joins: [{ key: 'ada' }] }])
  })

  test('a read-only session is present and receives everything, and sends nothing', async () => {
    const { node, watcher, seen } = await guarded()
    const { peer } = await joinedAs(node, 'ada:reader')
    expect(await seen()).toMatchObject([{ joins: [{ key: 'ada', meta: { n: 1 } }] }])
    for (const [event, payload] of [
      ['say', {}],
      ['unheard_of', {}],
      ['presence_update', { meta: { n: 2 } }],
      ['presence_patch', { patch: { n: 2 } }],
    ]) {
      expect(repliesIn(await peer.ask(['j', 's', topic, event, payload]))).toEqual([
        ['s', 'error', expect.objectContaining({ reason: 'unauthorized' })],
      ])
    }
    expect(await seen()).toEqual([])
    await say(watcher)
    expect(eventsIn(await peer.heard())).toEqual(['said'])
    expect(repliesIn(await peer.ask(['j', 'y', topic, 'presence_sync', {}]))).toMatchObject([['y', 'ok', {}]])
    expect(repliesIn(await peer.ask(['j', 'l', topic, 'phx_leave', {}]))).toMatchObject([['l', 'ok', {}]])
  })

  test('an invisible session sees and sends, and is in no list', async () => {
    const { node, watcher, calls, seen, keys } = await guarded({
      handlers: {
        mine: (ctx) => ({ mine: ctx.patch({ m: 2 }).ok, again: ctx.untrack() }),
        late: (ctx) => ({ late: ctx.update({}).ok, patched: ctx.patch({}).ok, had: ctx.untrack() }),
        huge: (ctx) => ({
          huge: ctx.track('x'.repeat(65), {}).ok,
          meta: ctx.track('x', { a: 'x'.repeat(300) }).ok,
        }),
        say: (ctx) => void ctx.broadcast('said', { by: ctx.identity.id }),
      },
    })
    const peer = await node.connect({ token: 'ada:ghost' })
    const frames = await peer.join(topic, { meta: { n: 1 } })
    expect(calls).toEqual(['join ada'])
    expect(repliesIn(frames)).toEqual([['j', 'ok', { tracked: true }]])
    expect(frames[1]).toMatchObject([
      null,
      null,
      topic,
      'presence_state',
      { presences: [{ key: 'watcher' }] },
    ])
    const update = ['j', 'u', topic, 'presence_update', { meta: { n: 2 } }]
    expect(repliesIn(await peer.ask(update))).toMatchObject([['u', 'ok', {}]])
    const ask = async (event: string) => repliesIn(await peer.ask(['j', '1', topic, event, {}]))[0]?.[2]
    expect(await ask('mine')).toEqual({ mine: true, again: true })
    expect(await ask('late')).toEqual({ late: false, patched: false, had: false })
    expect(await ask('huge')).toEqual({ huge: false, meta: false })
    expect(await seen()).toEqual([])
    expect(await keys()).toEqual(['watcher'])
    await peer.ask(['j', '2', topic, 'say', {}])
    expect(eventsIn(await watcher.heard())).toEqual(['said'])
    peer.wire.end(1000)
    expect(await seen()).toEqual([])
    expect(calls.at(-1)).toBe('leave ada closed')
  })

  test('the decision of the latest join counts, and a presence that is no longer visible leaves', async () => {
    let access: AuthorizeResult
    const { node, seen, keys } = await guarded({ authorize: () => access })
    const { peer } = await joinedAs(node, 'ada:x')
    await seen()
    access = { invisible: true }
    await peer.join(topic, {}, '2')
    expect(await seen()).toMatchObject([{ joins: [], leaves: [{ key: 'ada', reason: 'left' }] }])
    access = undefined
    await peer.join(topic, {}, '3')
    expect(await seen()).toMatchObject([{ joins: [{ key: 'ada' }], leaves: [] }])
    expect(await keys()).toEqual(['watcher', 'ada'])
  })

  test('messages wait for a slow decision', async () => {
    const gate = gated()
    const { node } = await guarded({
      authorize: ({ identity }) => (identity.id === 'ada' ? gate.opened : undefined),
    })
    const ada = await node.connect({ token: 'ada:x' })
    ada.say(['j', 'j', topic, 'phx_join', {}], ['j', 's', topic, 'say', {}])
    expect(await ada.heard()).toEqual([])
    gate.open()
    await settled(node)
    expect(repliesIn(await ada.heard())).toMatchObject([
      ['j', 'ok', {}],
      ['s', 'ok', {}],
    ])
  })

  test('a connection that follows a topic without a join is decided too', async () => {
    const options = { implicitTopic: topic }
    const { node } = await guarded({ observable: true, options })
    const refused = await node.connect({ path: '/', subprotocols: [], token: 'eve:banned' })
    expect(await refused.heard()).toEqual([
      { type: 'presence.error', payload: expect.objectContaining({ reason: 'banned' }) },
    ])
    expect(refused.wire.closedWith?.code).toBe(1008)
    const follows = await node.connect({ path: '/', subprotocols: [], token: 'ada:writer' })
    await settled(node)
    expect((await follows.heard()).map(({ type }) => type)).toEqual(['presence.system'])
    await joinedAs(node, 'bob:writer')
    expect((await follows.heard()).map(({ type }) => type)).toContain('presence.online')
  })

  test('who appears without a join is asked for by the name that is believed', async () => {
    const options = { implicitTopic: topic, mode: 'development' } as const
    const { node, keys } = await guarded({
      observable: true,
      options,
      authorize: ({ identity }) => (identity.id === 'Mallory' ? refuse('banned') : undefined),
    })
    const vix = await node.connect({ path: '/', subprotocols: [], token: 'eve:x' })
    vix.say(
      { type: 'presence.join', payload: { user: 'Mallory' } },
      { type: 'presence.join', payload: { user: 'Ann' } },
    )
    await settled(node)
    expect(await keys()).toEqual(['watcher', 'Ann'])
  })
})

describe('[S-33] and decides again when the session has new credentials', () => {
  test('an unchanged decision affects nobody', async () => {
    const { node, calls, seen } = await guarded()
    const { peer } = await joinedAs(node, 'ada:writer')
    await seen()
    expect(repliesIn(await refreshAs(peer, 'ada:other'))).toMatchObject([['r', 'ok', {}]])
    expect(await seen()).toEqual([])
    expect(await say(peer)).toMatchObject(['s', 'ok', {}])
    expect(calls).toEqual(['join ada'])
  })

  test('a session that is no longer allowed is closed with the reason, and leaves with kicked', async () => {
    const { node, calls, seen } = await guarded()
    const { peer } = await joinedAs(node, 'ada:writer')
    await seen()
    const frames = await refreshAs(peer, 'ada:banned')
    expect(frames.slice(1)).toEqual([
      ['j', 'j', topic, 'phx_close', expect.objectContaining({ reason: 'banned', until: 'tomorrow' })],
    ])
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'kicked' }] }])
    expect(calls).toEqual(['join ada', 'leave ada kicked'])
    expect(peer.wire.isOpen).toBe(true)
    expect(await say(peer)).toMatchObject(['s', 'error', { reason: 'not_joined' }])
  })

  test('a session that becomes read-only sends nothing from then on, and the reverse', async () => {
    const { node, seen } = await guarded()
    const { peer } = await joinedAs(node, 'ada:writer')
    await seen()
    await refreshAs(peer, 'ada:reader')
    expect(await say(peer)).toMatchObject(['s', 'error', { reason: 'unauthorized' }])
    await refreshAs(peer, 'ada:writer')
    expect(await say(peer)).toMatchObject(['s', 'ok', {}])
    expect(await seen()).toEqual([])
  })

  test('a session that becomes invisible leaves, and returns with its last meta', async () => {
    const { node, seen, keys } = await guarded()
    const { peer } = await joinedAs(node, 'ada:writer')
    await seen()
    await refreshAs(peer, 'ada:ghost')
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
    await peer.ask(['j', 'u', topic, 'presence_patch', { patch: { m: 2 } }])
    await refreshAs(peer, 'ada:ghost')
    expect(await seen()).toEqual([])
    expect(await keys()).toEqual(['watcher'])
    await refreshAs(peer, 'ada:writer')
    expect(await seen()).toMatchObject([{ joins: [{ key: 'ada', meta: { n: 1, m: 2 } }] }])
  })

  test('a session that cannot be shown again on a full node is logged, and stays without a presence', async () => {
    const { node, keys } = await guarded({ options: { limits: { capacity: 2 } } })
    const { peer } = await joinedAs(node, 'ada:ghost')
    await joinedAs(node, 'bob:writer')
    await refreshAs(peer, 'ada:writer')
    await settled(node)
    expect(await keys()).toEqual(['watcher', 'bob'])
    expect(node.log.of('warn')).toMatchObject([{ context: { topic, code: 'capacity_exceeded' } }])
  })

  test('the decision comes before all waiting messages', async () => {
    const gate = gated()
    const { node } = await guarded({
      handlers: { slow: () => gate.opened, say: () => ({ said: true }) },
      options: { maxWaitingMessages: 2 },
    })
    const { peer } = await joinedAs(node, 'ada:writer')
    peer.say(
      ['j', '1', topic, 'slow', {}],
      ['j', '2', topic, 'say', {}],
      ['j', '3', topic, 'presence_sync', {}],
    )
    await refreshAs(peer, 'ada:reader')
    gate.open()
    await settled(node)
    const replies = repliesIn(await peer.heard()).map(
      ([ref, status, { reason }]) => `${ref} ${status} ${reason}`,
    )
    expect(replies).toEqual(['1 ok undefined', '2 error unauthorized', '3 ok undefined'])
  })

  test('the decision is for the identity at its end', async () => {
    const gates = [gated(), gated()]
    let asked = 0
    const { node, seen } = await guarded({
      authorize: async (ctx) => {
        const decided = byRole(ctx) as AuthorizeResult
        if (ctx.identity.id === 'ada' && ctx.identity.claims?.role !== 'writer') await gates[asked++]?.opened
        return decided
      },
    })
    const { peer } = await joinedAs(node, 'ada:writer')
    await seen()
    await refreshAs(peer, 'ada:banned')
    await refreshAs(peer, 'ada:reader')
    gates[0]?.open()
    gates[1]?.open()
    expect(await seen()).toEqual([])
    expect(await say(peer)).toMatchObject(['s', 'error', { reason: 'unauthorized' }])
  })

  test('the decision also comes during a join', async () => {
    const gate = gated()
    const { node, keys } = await guarded({
      join: async (ctx) => {
        if (ctx.identity.id === 'ada') await gate.opened
        ctx.track(ctx.identity.id, {})
      },
    })
    const peer = await node.connect({ token: 'ada:writer' })
    peer.say(['j', 'j', topic, 'phx_join', {}])
    await refreshAs(peer, 'ada:banned')
    gate.open()
    await settled(node)
    expect(eventsIn(await peer.heard())).toEqual(['phx_reply', 'presence_state', 'phx_close'])
    expect(await keys()).toEqual(['watcher'])
  })

  test('a refused session is not decided again', async () => {
    let asked = 0
    const authorize: Authorize = (ctx) => {
      asked++
      return byRole(ctx)
    }
    const { node } = await guarded({ authorize })
    const peer = await node.connect({ token: 'ada:banned' })
    await peer.join(topic)
    const before = asked
    await refreshAs(peer, 'ada:writer')
    expect(asked).toBe(before)
  })
})

describe('[S-33] and decides again when the client returns', () => {
  const back = (peer: Peer) => peer.join(topic, { presence_since: null }, '2')

  test('an unchanged decision lets the session go on, and nobody notices', async () => {
    const { node, calls, seen } = await guarded()
    const { peer, session } = await joinedAs(node, 'ada:writer')
    await seen()
    peer.wire.end(1006)
    const again = await node.connect({ token: 'ada:other' })
    await hello(again, session)
    expect(eventsIn(await back(again))).toEqual(['phx_reply', 'presence_state'])
    expect(await seen()).toEqual([])
    expect(calls).toEqual(['join ada'])
  })

  test('a session that is no longer allowed is refused before it receives anything', async () => {
    const { node, calls, seen } = await guarded()
    const { peer, session } = await joinedAs(node, 'ada:writer')
    await seen()
    peer.wire.end(1006)
    const again = await node.connect({ token: 'ada:banned' })
    expect(await hello(again, session)).toMatchObject({ resumed: true })
    const frames = await back(again)
    expect(eventsIn(frames)).toEqual(['phx_reply'])
    expect(repliesIn(frames)).toMatchObject([['2', 'error', { reason: 'banned' }]])
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'kicked' }] }])
    expect(calls).toEqual(['join ada', 'leave ada kicked'])
  })

  test('a topic that it does not join again is left after the timeout', async () => {
    const { node, seen } = await guarded()
    const { peer, session } = await joinedAs(node, 'ada:writer')
    await seen()
    peer.wire.end(1006)
    await hello(await node.connect({ token: 'ada:banned' }), session)
    await node.clock.advance(GRACE_MS)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
  })

  test('another server decides about the join', async () => {
    const channel = tracking({ authorize: byRole })
    const { clock, nodes } = sharedNodes(2, { channels: [channel], authenticate })
    const [here, there] = nodes as [SharingNode, SharingNode]
    const { peer, session } = await joinedAs(here, 'ada:writer')
    peer.wire.end(1006)
    const again = await there.connect({ token: 'ada:ghost' })
    expect(await hello(again, session)).toMatchObject({ resumed: true })
    await again.join(topic)
    await clock.advance(300)
    const listed = there.registry.list(topic)
    await clock.advance(300)
    expect(await listed).toEqual([])
  })
})

describe('[S-33] [S-13] an authorize that fails lets nobody in, and nobody stay', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular

  const FAILURES: readonly [string, () => unknown, string][] = [
    [
      'throws',
      () => {
        throw new Error('secret reason')
      },
      'handler_failed',
    ],
    [
      'throws what is no error',
      () => {
        throw undefined
      },
      'handler_failed',
    ],
    ['rejects', () => Promise.reject(new Error('secret reason')), 'handler_failed'],
    ['never answers', () => new Promise(() => {}), 'handler_timeout'],
    ['answers false', () => false, 'handler_failed'],
    ['answers true', () => true, 'handler_failed'],
    ['answers null', () => null, 'handler_failed'],
    ['answers with text', () => 'readOnly', 'handler_failed'],
    ['answers with a list', () => [], 'handler_failed'],
    ['answers with a function', () => () => ({}), 'handler_failed'],
    ['answers with another word', () => ({ readonly: true }), 'handler_failed'],
    ['answers with a text for a flag', () => ({ readOnly: 'no' }), 'handler_failed'],
    ['resolves with null', async () => null, 'handler_failed'],
    [
      'answers with what throws when it is read',
      () => ({
        get readOnly(): boolean {
          throw new Error('secret reason')
        },
      }),
      'handler_failed',
    ],
    ['refuses with what is no JSON', () => refuse('no', circular as never), 'handler_failed'],
    [
      'answers with a promise of its own making that breaks',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then: () => {
          throw new Error('secret reason')
        },
      }),
      'handler_failed',
    ],
  ]

  test.each(FAILURES)('at a join: one that %s', async (_what, broken, reason) => {
    let isBroken = false
    const { node, keys } = await guarded({ authorize: () => (isBroken ? (broken() as never) : undefined) })
    isBroken = true
    const peer = await node.connect({ token: 'ada:x' })
    peer.say(['j', 'j', topic, 'phx_join', {}])
    await node.clock.advance(10_000)
    const frames = await peer.heard()
    expect(repliesIn(frames)).toEqual([['j', 'error', expect.objectContaining({ reason })]])
    expect(eventsIn(frames)).toEqual(['phx_reply'])
    expect(JSON.stringify(frames)).not.toContain('secret')
    expect(await keys()).toEqual(['watcher'])
    expect(node.log.of('error')).toMatchObject([{ context: { topic, event: 'authorize', code: reason } }])
    expect(peer.wire.isOpen).toBe(true)
    isBroken = false
    expect(repliesIn(await peer.join(topic, {}, '2'))).toMatchObject([['2', 'ok', {}]])
  })

  test.each(FAILURES)('when it is asked anew: one that %s', async (_what, broken, reason) => {
    let isBroken = false
    const { node, seen } = await guarded({ authorize: () => (isBroken ? (broken() as never) : undefined) })
    const { peer } = await joinedAs(node, 'ada:x')
    await seen()
    isBroken = true
    const frames = await refreshAs(peer, 'ada:y')
    await node.clock.advance(10_000)
    frames.push(...(await peer.heard()))
    expect(frames.slice(1)).toEqual([['j', 'j', topic, 'phx_error', expect.objectContaining({ reason })]])
    expect(JSON.stringify(frames)).not.toContain('secret')
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'kicked' }] }])
    isBroken = false
    expect(repliesIn(await peer.join(topic, {}, '2'))).toMatchObject([['2', 'ok', {}]])
  })
})

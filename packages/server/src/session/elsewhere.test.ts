import { describe, expect, test } from 'vitest'
import type { ChannelDefinition } from '../channel/channel-definition'
import { refuse } from '../channel/reply'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { tracking } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import type { Peer, TestNodeOptions } from '../testing-support/test-node'

/* A session that goes on at another node than the one where it was begun. */

const topic = 'room:lobby'
const BACK = { presence_since: null }

/** Ada on one of two nodes, somebody who watches on each, and what the application was told. */
async function moving({
  channel: own,
  ...options
}: TestNodeOptions & { channel?: Partial<ChannelDefinition> } = {}) {
  const calls: string[] = []
  const channel = tracking({
    join: (ctx, payload) => {
      calls.push(`join ${ctx.identity.id} ${ctx.isResumed}`)
      ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
    },
    leave: (ctx, reason) => void calls.push(`leave ${ctx.identity.id} ${reason}`),
    ...own,
  })
  const { clock, state, nodes, open } = sharedNodes(2, { channels: [channel], ...options })
  const [here, there] = nodes as [SharingNode, SharingNode]
  const watchers = [await here.native('w1'), await there.native('w2')]
  for (const watcher of watchers) await watcher.join(topic)
  const ada = await here.native('ada')
  const { token, session } = await hello(ada, undefined, 'i1')
  await ada.join(topic, { meta: { n: 1 } })
  await clock.advance(300)
  for (const peer of [...watchers, ada]) await peer.heard()
  calls.length = 0
  /** What each watcher was told of presence since the last look. */
  const seen = async () => {
    await clock.advance(300)
    const heard = await Promise.all(watchers.map((watcher) => watcher.heard()))
    return heard.map((frames) => frames.map(([, , , , diff]) => diff))
  }
  const keys = async (node: SharingNode) => {
    const listed = node.registry.list(topic)
    await clock.advance(300)
    return (await listed).map(({ key }) => key).sort()
  }
  const refs = async () =>
    (await state.topic(topic).snapshot()).presences.map(({ ref, key }) => `${key} ${ref}`)
  return { clock, state, here, there, open, ada, token, session, calls, seen, keys, refs }
}

const nothing = [[], []]

function meta(n: number) {
  return { meta: { n } }
}

async function arrived(node: SharingNode, token: string, instance = 'i1', name = 'ada'): Promise<Peer> {
  const peer = await node.native(name)
  expect(await hello(peer, token, instance)).toMatchObject({ resumed: true })
  return peer
}

describe('[S-26] a session that another node claims', () => {
  test('after its connection was lost is rejoined there, and nobody sees a change', async () => {
    const { clock, here, there, ada, token, session, calls, seen, refs } = await moving()
    const before = await refs()
    ada.wire.end(1006)
    const again = await there.native('ada')
    expect(await hello(again, token, 'i1')).toMatchObject({ resumed: true, token, session })
    const frames = await again.join(topic, { ...meta(1), ...BACK }, '2')
    expect(frames.map(([, , , event]) => event)).toEqual(['phx_reply', 'presence_state'])
    expect(calls).toEqual(['join ada true'])
    await clock.advance(5 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
    expect(await refs()).toEqual(before)
    expect([here.node.sessionCount, there.node.sessionCount]).toEqual([1, 2])
  })

  test('and rejoins with another meta updates the same presence', async () => {
    const { clock, there, token, seen } = await moving()
    const again = await arrived(there, token)
    await again.join(topic, meta(2), '2')
    const both = await seen()
    for (const diffs of both)
      expect(diffs).toMatchObject([{ joins: [], updates: [{ rev: 1, meta: { n: 2 } }], leaves: [] }])
    await clock.advance(5 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
  })

  test('has its old connection closed with 4003', async () => {
    const { there, ada, token, calls, seen } = await moving()
    const again = await arrived(there, token)
    await again.join(topic, meta(1), '2')
    expect(ada.wire.closedWith?.code).toBe(4003)
    ada.say(['j', '9', topic, 'presence_update', { meta: { n: 9 } }])
    expect(await seen()).toEqual(nothing)
    expect(calls).toEqual(['join ada true'])
  })

  test('leaves topics that it does not rejoin after the grace, and not before', async () => {
    const { clock, there, token, seen, keys } = await moving()
    await arrived(there, token)
    await clock.advance(GRACE_MS - 1000)
    expect(await seen()).toEqual(nothing)
    await clock.advance(1000)
    for (const diffs of await seen())
      expect(diffs).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
    expect(await keys(there)).toEqual(['w1', 'w2'])
  })

  test('and whose join there tracks nobody ends its presence with replaced', async () => {
    let isOpen = true
    const join: ChannelDefinition['join'] = (ctx) =>
      isOpen ? void ctx.track(ctx.identity.id, {}) : undefined
    const { there, token, seen } = await moving({ channel: { join } })
    isOpen = false
    const again = await arrived(there, token)
    await again.join(topic, {}, '2')
    for (const diffs of await seen())
      expect(diffs).toMatchObject([{ leaves: [{ key: 'ada', reason: 'replaced' }] }])
  })

  test('and whose join is refused there ends its presence', async () => {
    let isFull = false
    const join: ChannelDefinition['join'] = (ctx) =>
      isFull ? refuse('full') : void ctx.track(ctx.identity.id, {})
    const { there, token, seen } = await moving({ channel: { join } })
    isFull = true
    const again = await arrived(there, token)
    await again.join(topic, {}, '2')
    for (const diffs of await seen()) expect(diffs).toMatchObject([{ leaves: [{ key: 'ada' }] }])
  })

  test('and that the first node claims back keeps its presence all the time', async () => {
    const { clock, here, there, token, seen, refs } = await moving()
    const before = await refs()
    const again = await arrived(there, token)
    await again.join(topic, meta(1), '2')
    const back = await arrived(here, token)
    await back.join(topic, meta(1), '3')
    expect(again.wire.closedWith?.code).toBe(4003)
    await clock.advance(5 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
    expect(await refs()).toEqual(before)
    await back.ask(['3', '9', topic, 'presence_update', { meta: { n: 9 } }])
    for (const diffs of await seen()) expect(diffs).toMatchObject([{ updates: [{ meta: { n: 9 } }] }])
  })

  test('may be claimed back before it has joined anything', async () => {
    const { clock, here, there, token, seen } = await moving()
    await arrived(there, token)
    await clock.advance(GRACE_MS - 1000)
    const back = await arrived(here, token)
    await back.join(topic, meta(1), '3')
    await clock.advance(5 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
  })

  test('and leaves there has left everywhere', async () => {
    const { there, token, seen, state } = await moving()
    const again = await arrived(there, token)
    await again.join(topic, meta(1), '2')
    await again.ask(['2', '3', topic, 'phx_leave', {}])
    for (const diffs of await seen())
      expect(diffs).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
    await again.ask([null, '4', 'rollcall', 'goodbye', {}])
    expect(state.sessions.size).toBe(0)
  })

  test('can leave a topic there that it has not rejoined', async () => {
    const { there, token, seen } = await moving()
    const again = await arrived(there, token)
    const [reply] = await again.ask(['j', '2', topic, 'phx_leave', {}])
    expect(reply[4]).toMatchObject({ status: 'ok' })
    for (const diffs of await seen())
      expect(diffs).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
  })

  test('and leaves during an adoption leaves nothing behind', async () => {
    const { clock, there, token, seen, keys } = await moving()
    const again = await arrived(there, token)
    let open = () => {}
    there.store.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    again.say(['2', '2', topic, 'phx_join', meta(1)], ['2', '3', topic, 'phx_leave', {}])
    await clock.advance(100)
    open()
    for (const diffs of await seen())
      expect(diffs).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
    expect(await keys(there)).toEqual(['w1', 'w2'])
  })

  test('has its join refused for now if the store becomes unreachable meanwhile', async () => {
    const { clock, there, token, seen } = await moving({ handlerTimeoutMs: 3000 })
    const again = await arrived(there, token)
    there.store.setDown(true)
    await again.join(topic, meta(1), '2')
    await clock.advance(2999)
    expect(await again.heard()).toEqual([])
    await clock.advance(1)
    const [reply] = await again.heard()
    expect(reply[4]).toMatchObject({ status: 'error', response: { reason: 'store_unavailable' } })
    await again.join(topic, meta(1), '3')
    await clock.advance(1000)
    there.store.setDown(false)
    expect(await seen()).toEqual(nothing)
    const [joined] = await again.heard()
    expect(joined[4]).toMatchObject({ status: 'ok' })
    await clock.advance(5 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
  })

  test('of a guest keeps its name, which only the token proves', async () => {
    const { clock, nodes } = sharedNodes(2)
    const [here, there] = nodes as [SharingNode, SharingNode]
    const guest = await here.connect()
    const frames = await guest.ask([null, 'h', 'rollcall', 'hello', {}])
    const { token, identity } = frames[0][4].response
    const again = await there.connect()
    const [reply] = await again.ask([null, 'h', 'rollcall', 'hello', { token }])
    expect(reply[4].response).toMatchObject({ resumed: true, identity })
    await again.join(topic)
    await clock.advance(300)
    expect((await there.registry.list(topic)).map(({ key }) => key)).toEqual([identity.id])
  })
})

describe('[S-26] a token works at another node for its owner', () => {
  test('it fails with another secret, for another identity, and after the session has ended', async () => {
    const { there, ada, token, session } = await moving()
    expect(await hello(await there.native('ada'), `${session}.wrong`, 'i1')).toMatchObject({ resumed: false })
    expect(await hello(await there.native('eve'), token, 'i1')).toMatchObject({ resumed: false })
    expect(await hello(await there.native('ada'), 'no-such.token', 'i1')).toMatchObject({ resumed: false })
    expect(ada.wire.closedWith).toBe(null)
    await ada.ask([null, '9', 'rollcall', 'goodbye', {}])
    expect(await hello(await there.native('ada'), token, 'i1')).toMatchObject({ resumed: false })
  })

  test('[S-5] another program gets another token, and the previous one works only for that program', async () => {
    const { here, there, token, session } = await moving()
    const copy = await there.native('ada')
    const { token: newer } = await hello(copy, token, 'i2')
    expect(newer).not.toBe(token)
    expect(newer.startsWith(`${session}.`)).toBe(true)
    expect(await hello(await here.native('ada'), token, 'i1')).toMatchObject({ resumed: false })
    expect(await hello(await here.native('ada'), token, 'i2')).toMatchObject({ resumed: true })
  })

  test('a store that was unreachable gets the session later', async () => {
    const { clock, here, there } = await moving()
    here.store.setDown(true)
    const bob = await here.native('bob')
    const { token } = await hello(bob, undefined, 'b')
    here.store.setDown(false)
    await clock.settle()
    await arrived(there, token, 'b', 'bob')
  })
})

describe('[S-27] while a session is being claimed', () => {
  async function asked() {
    const all = await moving({ maxWaitingMessages: 3, resumeTimeoutMs: 1000 })
    let open = () => {}
    all.there.store.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const again = await all.there.native('ada')
    again.say([null, 'h', 'rollcall', 'hello', { token: all.token, instance: 'i1' }])
    return { ...all, again, answer: () => open() }
  }

  test('messages of its client wait and are handled in order', async () => {
    const { again, answer, clock, seen } = await asked()
    again.say(
      ['2', '2', topic, 'phx_join', meta(1)],
      ['2', '3', topic, 'presence_update', { meta: { n: 2 } }],
      ['2', '4', topic, 'presence_update', { meta: { n: 3 } }],
    )
    expect(await again.heard()).toEqual([])
    answer()
    await clock.advance(300)
    const refs = (await again.heard()).filter(([, , , event]) => event === 'phx_reply').map(([, ref]) => ref)
    expect(refs).toEqual(['h', '2', '3', '4'])
    for (const diffs of await seen()) expect(diffs.at(-1)).toMatchObject({ updates: [{ meta: { n: 3 } }] })
  })

  test('[S-9] no more than maxWaitingMessages wait', async () => {
    const { again, answer, clock } = await asked()
    for (let ref = 1; ref <= 4; ref++) again.say([null, String(ref), 'phoenix', 'heartbeat', {}])
    const [refusal] = await again.heard()
    expect(refusal).toMatchObject([null, '4', 'phoenix', 'phx_reply', { status: 'error' }])
    expect(refusal[4].response).toMatchObject({ reason: 'throttled' })
    expect(refusal[4].response.message).toContain('maxWaitingMessages')
    answer()
    await clock.settle()
    expect((await again.heard()).map(([, ref]) => ref)).toEqual(['h', '1', '2', '3'])
  })

  test('messages after a goodbye are dropped', async () => {
    const { again, answer, clock, keys, here } = await asked()
    again.say([null, 'g', 'rollcall', 'goodbye', {}], ['2', '2', topic, 'phx_join', meta(9)])
    answer()
    await clock.advance(300)
    expect(again.wire.closedWith?.code).toBe(1000)
    await clock.advance(GRACE_MS * 2)
    expect(await keys(here)).toEqual(['w1', 'w2'])
  })

  test('for longer than resumeTimeoutMs, a new session starts and handles the messages that waited', async () => {
    const { again, answer, clock, token, session, there, state, seen } = await asked()
    again.say(['2', '2', topic, 'phx_join', meta(1)])
    await clock.advance(999)
    expect(await again.heard()).toEqual([])
    await clock.advance(1)
    const [reply] = await again.heard()
    expect(reply[4].response).toMatchObject({ resumed: false })
    expect(reply[4].response.session).not.toBe(session)
    there.store.gate = null
    answer()
    await clock.advance(3 * GRACE_MS)
    // The one before is nobody's any more, and has left.
    for (const diffs of await seen()) {
      const all = diffs.flatMap(({ joins, leaves }) => [...joins, ...leaves])
      expect(all).toMatchObject([{ key: 'ada' }, { key: 'ada', reason: 'left' }])
    }
    expect(await hello(await there.native('ada'), token, 'i1')).toMatchObject({ resumed: false })
    expect(state.sessions.read(session)).toBe(null)
  })

  test('and its connection ends, the session is kept there for the grace', async () => {
    const { again, answer, clock, here, there, token, session, seen } = await asked()
    again.wire.end(1006)
    answer()
    await clock.settle()
    expect([here.node.sessionCount, there.node.sessionCount]).toEqual([1, 2])
    const third = await arrived(here, token)
    await third.join(topic, meta(1), '3')
    await clock.advance(3 * GRACE_MS)
    expect(await seen()).toEqual(nothing)
    expect(await hello(await there.native('ada'), token, 'i1')).toMatchObject({ session })
  })

  test('from an unreachable store, a new session starts', async () => {
    const { there, token } = await moving()
    there.store.setDown(true)
    expect(await hello(await there.native('ada'), token, 'i1')).toMatchObject({ resumed: false })
    expect(there.log.of('warn').some(({ message }) => message.includes('could not claim a session'))).toBe(
      true,
    )
  })
})

describe('[S-24] a node that is gone', () => {
  test('by closing hands off: a client that resumes elsewhere never leaves', async () => {
    const { clock, here, there, ada, token, calls, seen, keys } = await moving()
    const closed = here.node.close()
    await clock.settle()
    await closed
    expect(ada.wire.closedWith?.code).toBe(1012)
    const again = await arrived(there, token)
    await again.join(topic, meta(1), '2')
    await clock.advance(GRACE_MS - 1000)
    // The watcher there had no token with which to come back.
    expect((await seen())[1]).toMatchObject([{ joins: [], updates: [], leaves: [{ key: 'w1' }] }])
    expect(await keys(there)).toEqual(['ada', 'w2'])
    expect(calls.filter((call) => call.includes('ada'))).toEqual(['join ada true'])
  })

  test('by closing: a client that does not resume in time leaves with drained', async () => {
    const { clock, here, seen, keys, there } = await moving()
    await seen()
    const closed = here.node.close()
    await clock.advance(300)
    await closed
    expect((await seen())[1]).toMatchObject([{ leaves: [{ key: 'w1', reason: 'drained' }] }])
    await clock.advance(GRACE_MS)
    expect((await seen())[1]).toMatchObject([{ leaves: [{ key: 'ada', reason: 'drained' }] }])
    expect(await keys(there)).toEqual(['w2'])
  })

  test('by a crash: its sessions resume, with new presences once the old ones are lost', async () => {
    const { clock, state, here, there, token, calls, seen } = await moving()
    here.memory.crash()
    state.lose(here.memory)
    expect((await seen())[1]).toMatchObject([{ leaves: [{ reason: 'node_lost' }, { reason: 'node_lost' }] }])
    const again = await arrived(there, token)
    await again.join(topic, meta(1), '2')
    expect(calls).toEqual(['join ada false'])
    await clock.advance(300)
    expect((await seen())[1]).toMatchObject([{ joins: [{ key: 'ada' }] }])
  })

  test('leaves its sessions resumable for a limited time', async () => {
    const { clock, state, here, there, token } = await moving()
    here.memory.crash()
    state.lose(here.memory)
    expect(state.sessions.size).toBe(1)
    await clock.advance(600_000)
    expect(state.sessions.size).toBe(0)
    expect(await hello(await there.native('ada'), token, 'i1')).toMatchObject({ resumed: false })
  })
})

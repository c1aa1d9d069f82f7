import { describe, expect, test } from 'vitest'
import { defineChannel } from '../channel/channel-definition'
import { refuse, refuseWith } from '../channel/reply'
import { type Peer, TestNode } from '../testing-support/test-node'

/* Vix: connections that have no join, and say names instead. */

const join = (user: string) => ({ type: 'presence.join', payload: { user } })
const leave = (user: string) => ({ type: 'presence.leave', payload: { user } })
const list = { type: 'presence.list', payload: {} }
const online = (user: string) => ({ type: 'presence.online', payload: { user } })
const offline = (user: string) => ({ type: 'presence.offline', payload: { user } })
const current = (...users: string[]) => ({ type: 'presence.current', payload: { users } })
const system = { type: 'presence.system', payload: { message: 'A new connection opened' } }

/** What all of them hear, once nothing more is to come. */
async function heard(node: TestNode, ...peers: Peer[]) {
  await node.clock.advance(300)
  return Promise.all(peers.map((peer) => peer.heard()))
}

async function terminals(node = new TestNode()) {
  const a = await node.vix()
  const b = await node.vix()
  await heard(node, a, b)
  return { node, a, b }
}

describe('the session of the seed, in development', () => {
  test('every new connection is announced', async () => {
    const node = new TestNode()
    const a = await node.vix()
    expect(await heard(node, a)).toEqual([[system]])
    const b = await node.vix()
    expect(await heard(node, a, b)).toEqual([[system], [system]])
  })

  test('runs as documented', async () => {
    const { node, a, b } = await terminals()
    a.say(join('Alice'))
    expect(await heard(node, a, b)).toEqual([[online('Alice')], [online('Alice')]])
    b.say(join('Bob'))
    expect(await heard(node, a, b)).toEqual([[online('Bob')], [online('Bob')]])
    a.say(list)
    expect(await heard(node, a, b)).toEqual([[current('Alice', 'Bob')], []])
    a.say(leave('Alice'))
    expect(await heard(node, a, b)).toEqual([[offline('Alice')], [offline('Alice')]])
    b.say(list)
    expect(await heard(node, a, b)).toEqual([[], [current('Bob')]])
  })

  test('loses no message when it is sent without pauses', async () => {
    const { node, a, b } = await terminals()
    a.say(join('Alice'), list)
    expect(await heard(node, a, b)).toEqual([[online('Alice'), current('Alice')], [online('Alice')]])
  })

  test('another connection can take a name offline', async () => {
    const { node, a, b } = await terminals()
    a.say(join('Alice'))
    await heard(node, a, b)
    b.say(leave('Alice'))
    expect(await heard(node, a, b)).toEqual([[offline('Alice')], [offline('Alice')]])
  })
})

describe('names', () => {
  test('[S-4] count once even if two connections announce them: online once, offline with the last', async () => {
    const { node, a, b } = await terminals()
    a.say(join('Alice'), join('Alice'))
    b.say(join('Alice'))
    expect(await heard(node, a, b)).toEqual([[online('Alice')], [online('Alice')]])
    a.say(leave('Alice'))
    expect(await heard(node, a, b)).toEqual([[], []])
    b.say(leave('Alice'))
    expect(await heard(node, a, b)).toEqual([[offline('Alice')], [offline('Alice')]])
  })

  test('one connection may announce several', async () => {
    const { node, a } = await terminals()
    a.say(join('Alice'), join('Bob'), list)
    expect(await heard(node, a)).toEqual([[online('Alice'), online('Bob'), current('Alice', 'Bob')]])
  })

  test('a leave of an unknown name is no fault', async () => {
    const { node, a } = await terminals()
    a.say(leave('Nobody'))
    expect(await heard(node, a)).toEqual([[]])
  })

  test('[S-6] leave with the connection that announced them', async () => {
    const { node, a, b } = await terminals()
    a.say(join('Alice'), join('Bob'))
    await heard(node, a, b)
    a.wire.end(1006)
    expect(await heard(node, b)).toEqual([[offline('Alice'), offline('Bob')]])
    expect(node.registry.size).toBe(0)
  })

  test('[S-10] may be names of prototypes', async () => {
    const { node, a, b } = await terminals()
    for (const name of ['__proto__', 'constructor', '👩‍👧']) {
      a.say(join(name))
      expect(await heard(node, b)).toEqual([[online(name)]])
      b.say(leave(name))
      expect(await heard(node, b)).toEqual([[offline(name)]])
    }
  })

  test('[S-16] are refused with the limit if they are too long', async () => {
    const { node, a } = await terminals()
    a.say(join('é'.repeat(33)))
    const [[error]] = (await heard(node, a)) as [[{ type: string; payload: object }]]
    expect(error.type).toBe('presence.error')
    expect(error.payload).toMatchObject({ limit: 'keyBytes', max: 64, actual: 66, option: 'limits.keyBytes' })
  })

  test('[S-9, S-16] are refused with the limit if a connection has too many', async () => {
    const { node, a } = await terminals(new TestNode({ limits: { channelsPerSession: 2 } }))
    a.say(join('Alice'), join('Bob'), join('Cy'))
    const [frames] = await heard(node, a)
    expect(frames).toContainEqual({
      type: 'presence.error',
      payload: expect.objectContaining({ limit: 'channelsPerSession', max: 2, actual: 3 }),
    })
    a.say(leave('Bob'), join('Cy'))
    expect(await heard(node, a)).toEqual([[online('Cy'), offline('Bob')]])
  })

  test('are authorized by the channel, each once', async () => {
    const joins: string[] = []
    const channel = defineChannel({
      topicPattern: '*',
      observable: true,
      join: (ctx) => {
        joins.push(ctx.identity.id)
        ctx.track(ctx.identity.id, {})
      },
    })
    const { node, a } = await terminals(new TestNode({ channels: [channel] }))
    a.say(join('Alice'), join('Alice'), join('Bob'))
    await heard(node, a)
    expect(joins).toEqual(['Alice', 'Bob'])
  })

  test('may be announced again after a refusal', async () => {
    let isOpen = false
    const channel = defineChannel({
      topicPattern: '*',
      observable: true,
      join: (ctx) => (isOpen ? void ctx.track(ctx.identity.id, {}) : refuse('not_yet')),
    })
    const { node, a } = await terminals(new TestNode({ channels: [channel] }))
    a.say(join('Alice'))
    await heard(node, a)
    isOpen = true
    a.say(join('Alice'))
    expect(await heard(node, a)).toEqual([[online('Alice')]])
  })

  test('are not present if the channel refuses them', async () => {
    const channel = defineChannel({ topicPattern: '*', observable: true, join: () => refuse('no_guests') })
    const { node, a } = await terminals(new TestNode({ channels: [channel] }))
    a.say(join('Alice'), list)
    const [frames] = await heard(node, a)
    expect(frames).toContainEqual({
      type: 'presence.error',
      payload: expect.objectContaining({ reason: 'no_guests' }),
    })
    expect(frames).toContainEqual(current())
  })

  test('announced, left and announced again during one authorize are present once, and leave with their connection', async () => {
    const decide: (() => void)[] = []
    const channel = defineChannel({
      topicPattern: '*',
      observable: true,
      join: async (ctx) => {
        await new Promise<void>((resolve) => decide.push(resolve))
        const tracked = ctx.track(ctx.identity.id, {})
        return tracked.ok ? undefined : refuseWith(tracked.fault)
      },
    })
    const { node, a, b } = await terminals(new TestNode({ channels: [channel] }))
    a.say(join('Alice'), leave('Alice'), join('Alice'))
    await heard(node, a)
    expect(decide).toHaveLength(2)
    for (const resolve of decide) resolve()
    expect(await heard(node, a, b)).toEqual([[online('Alice')], [online('Alice')]])
    a.wire.end()
    expect(await heard(node, b)).toEqual([[offline('Alice')]])
    expect(node.registry.size).toBe(0)
  })
})

describe('[S-14] in production', () => {
  const production = () =>
    new TestNode({ mode: 'production', authenticate: ({ params }) => ({ id: params.get('is') ?? 'x' }) })
  const vix = (node: TestNode, is: string) =>
    node.connect({ path: '/', subprotocols: [], params: new Map([['is', is]]) })

  test('a requested name is ignored: the presence has the identity’s name', async () => {
    const node = production()
    const [a, b] = [await vix(node, 'ada'), await vix(node, 'bob')]
    await heard(node, a, b)
    a.say(join('root'))
    expect(await heard(node, a, b)).toEqual([[online('ada')], [online('ada')]])
  })

  test('a client cannot take another offline', async () => {
    const node = production()
    const [a, b] = [await vix(node, 'ada'), await vix(node, 'bob')]
    a.say(join('ada'))
    await heard(node, a, b)
    b.say(leave('ada'))
    expect(await heard(node, a, b)).toEqual([[], []])
    a.say(leave('whoever'))
    expect(await heard(node, a, b)).toEqual([[offline('ada')], [offline('ada')]])
  })

  test('[S-4] a client cannot take its other connections offline', async () => {
    const node = production()
    const [a, second] = [await vix(node, 'ada'), await vix(node, 'ada')]
    a.say(join('ada'))
    await heard(node, a, second)
    second.say(leave('ada'))
    expect(await heard(node, a, second)).toEqual([[], []])
    a.wire.end()
    expect(await heard(node, second)).toEqual([[offline('ada')]])
  })
})

describe('a topic', () => {
  test('is the one in the query, and messages of others are not sent', async () => {
    const node = new TestNode()
    const [lobby, other] = [await node.vix(), await node.vix('room:other')]
    await heard(node, lobby, other)
    other.say(join('Alice'))
    expect(await heard(node, lobby, other)).toEqual([[], [online('Alice')]])
  })

  test('that is not observable closes with 1008 and a reason', async () => {
    const node = new TestNode({ channels: [defineChannel({ topicPattern: '*' })] })
    const a = await node.vix()
    const [frames] = await heard(node, a)
    expect(frames).toMatchObject([{ type: 'presence.error', payload: { reason: 'unauthorized' } }])
    expect(a.wire.closedWith?.code).toBe(1008)
    expect(node.node.sessionCount).toBe(0)
  })

  test('is shared with native and zzz clients', async () => {
    const node = new TestNode()
    const [vix, native, zzz] = [await node.vix(), await node.native('ada'), await node.zzz('bob')]
    await heard(node, vix)
    await native.join('room:lobby')
    expect(await heard(node, vix)).toEqual([[online('ada')]])
    zzz.say({ topic: 'room:lobby', event: 'phx_join', payload: { meta: { n: 1 } }, ref: '1' })
    expect(await heard(node, vix)).toEqual([[online('bob')]])
    await zzz.heard()
    vix.say(join('Alice'))
    await heard(node)
    const joins = [{ key: 'Alice', meta: {} }]
    expect((await zzz.heard()).at(-1)).toMatchObject({
      event: 'presence_diff',
      payload: { joins, leaves: [] },
    })
    expect((await native.heard()).at(-1)).toMatchObject([
      null,
      null,
      'room:lobby',
      'presence_diff',
      { joins },
    ])
    vix.say({ type: 'chat', payload: { text: 'hi' } })
    await heard(node)
    expect((await zzz.heard()).at(-1)).toEqual({
      topic: 'room:lobby',
      event: 'chat',
      payload: { text: 'hi' },
      ref: null,
    })
  })

  test('[S-15] a native client cannot forge a Vix event', async () => {
    const node = new TestNode()
    const [vix, native] = [await node.vix(), await node.native('ada')]
    await native.join('room:lobby')
    await heard(node, vix)
    await native.ask(['j', '1', 'room:lobby', 'presence.online', { user: 'root' }])
    expect(await heard(node, vix)).toEqual([[]])
  })
})

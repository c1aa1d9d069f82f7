import { describe, expect, test } from 'vitest'
import type { Authenticate } from '../identity/identity'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { eventsIn, gated, repliesIn, topic, tracking } from '../testing-support/native-client'
import { type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'
import { VirtualClock } from '../testing-support/virtual-clock'

const LIFE_MS = 60_000
/** A sweep with the heartbeat's defaults. */
const SWEEP_MS = 1000

/** A server that takes everybody at their word, for `life` milliseconds. */
function lasting(lifeMs: number, options: TestNodeOptions = {}) {
  const clock = new VirtualClock()
  const authenticate: Authenticate = ({ params }) => {
    const id = params.get('user_id') ?? 'nobody'
    return id === 'watcher' ? { id } : { id, expiresAtMs: clock.timeMs() + lifeMs }
  }
  const reasons: string[] = []
  const leave = (_ctx: unknown, reason: string) => void reasons.push(reason)
  const channel = tracking({ leave, topicPattern: '*', observable: true })
  const node = new TestNode({ clock, authenticate, channels: [channel], ...options })
  return { node, clock, reasons }
}

async function watched(node: TestNode) {
  const watcher = await node.native('watcher')
  await watcher.join(topic)
  return {
    /** Who left since the last look, and why. */
    left: async () => {
      const frames = await watcher.heard()
      return frames.flatMap(([, , , event, { leaves }]) =>
        event === 'presence_diff' ? leaves.map(({ key, reason }: never) => `${key} ${reason}`) : [],
      )
    },
    watcher,
  }
}

const params = new Map([['user_id', 'ada']])
const DIALECTS: readonly [string, (node: TestNode) => Promise<Peer>, frame: unknown][] = [
  ['rollcall', (node) => node.connect({ params }), ['j', 'j', topic, 'phx_join', {}]],
  [
    'phoenix-v2',
    (node) =>
      node.connect({
        path: '/socket/websocket',
        subprotocols: [],
        params: new Map([...params, ['vsn', '2.0.0']]),
      }),
    ['j', 'j', topic, 'phx_join', {}],
  ],
  [
    'phoenix-v1',
    (node) => node.connect({ path: '/socket/websocket', subprotocols: [], params }),
    { topic, event: 'phx_join', payload: {}, ref: '1' },
  ],
  [
    'zzz',
    (node) => node.connect({ subprotocols: [], params }),
    { topic, event: 'phx_join', payload: {}, ref: '1' },
  ],
  [
    'vix',
    (node) => node.connect({ path: '/', subprotocols: [], params }),
    { type: 'presence.join', payload: { user: 'ada' } },
  ],
]

describe('[S-31] a session ends when its credentials expire', () => {
  test.each(DIALECTS)(
    'over %s: its presences leave, and its connection closes with 4004',
    async (_name, connect, join) => {
      const { node, clock, reasons } = lasting(LIFE_MS)
      const { left } = await watched(node)
      const ada = await connect(node)
      await ada.ask(join)
      await clock.advance(LIFE_MS - SWEEP_MS)
      expect(ada.wire.isOpen).toBe(true)
      expect(await left()).toEqual([])
      await clock.advance(2 * SWEEP_MS + 300)
      expect(ada.wire.closedWith).toEqual({ code: 4004, reason: 'expired' })
      expect(await left()).toEqual(['ada expired'])
      expect(reasons).toContain('expired')
      expect(await node.registry.list(topic)).toMatchObject([{ key: 'watcher' }])
      expect(node.node.sessionCount).toBe(1)
    },
  )

  test('it ends before the client has sent anything', async () => {
    const { node, clock } = lasting(LIFE_MS)
    const ada = await node.native('ada')
    await clock.advance(LIFE_MS + SWEEP_MS)
    expect(ada.wire.closedWith?.code).toBe(4004)
    expect(node.node.sessionCount).toBe(0)
  })

  test('no message is handled after that', async () => {
    const { node, clock } = lasting(LIFE_MS)
    const { left } = await watched(node)
    const ada = await node.native('ada')
    await ada.join(topic)
    await clock.advance(300)
    await ada.heard()
    clock.elapse(LIFE_MS)
    expect(await ada.ask(['j', '2', topic, 'presence_update', { meta: { n: 1 } }])).toEqual([])
    expect(ada.wire.closedWith?.code).toBe(4004)
    await clock.advance(300)
    expect(await left()).toEqual(['ada expired'])
  })

  test('its token resumes nothing after that', async () => {
    const { node, clock } = lasting(LIFE_MS)
    const ada = await node.native('ada')
    const { token } = await hello(ada)
    await ada.join(topic)
    await clock.advance(LIFE_MS + SWEEP_MS)
    expect(await hello(await node.native('ada'), token)).toMatchObject({ resumed: false })
  })

  test('the time of day decides, even if the machine was asleep', async () => {
    const { node, clock } = lasting(LIFE_MS)
    const ada = await node.native('ada')
    await hello(ada)
    clock.jump(LIFE_MS)
    await clock.advance(SWEEP_MS)
    expect(ada.wire.closedWith?.code).toBe(4004)
  })

  test('an older connection does not end it if another one holds it', async () => {
    const { node, clock } = lasting(LIFE_MS)
    const { left } = await watched(node)
    const old = await node.native('ada')
    const { token } = await hello(old)
    await old.join(topic)
    await clock.advance(LIFE_MS / 2)
    const newer = await node.native('ada')
    expect(await hello(newer, token)).toMatchObject({ resumed: true, expires_in_ms: LIFE_MS })
    await newer.join(topic, { presence_since: null })
    // Half open: it never answers the close.
    await clock.advance(LIFE_MS / 2 + SWEEP_MS)
    expect(newer.wire.isOpen).toBe(true)
    expect(await left()).toEqual([])
    await clock.advance(LIFE_MS)
    expect(newer.wire.closedWith?.code).toBe(4004)
    expect(await left()).toEqual(['ada expired'])
  })

  test('it never ends without an expiry, and otherwise exactly at its expiry', async () => {
    for (const expiresAtMs of [undefined, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      const node = new TestNode({ authenticate: () => ({ id: 'ada', expiresAtMs }) })
      const ada = await node.connect()
      await hello(ada)
      await node.clock.advance(10 * LIFE_MS)
      expect(ada.wire.isOpen).toBe(true)
    }
  })

  test('a disconnected session does not outlive its grace', async () => {
    const { node, clock } = lasting(GRACE_MS / 2)
    const { left } = await watched(node)
    const ada = await node.native('ada')
    await hello(ada)
    await ada.join(topic)
    ada.wire.end(1006)
    await clock.advance(GRACE_MS + 300)
    expect(await left()).toEqual(['ada timeout'])
    expect(node.node.sessionCount).toBe(1)
  })

  test('a handshake with expired credentials is refused', async () => {
    const { node } = lasting(0)
    expect(await node.refusal({ params })).toMatchObject({ status: 401, reason: 'token_expired' })
  })

  test('a join in progress is not completed', async () => {
    const gate = gated()
    const { node, clock } = lasting(LIFE_MS, {
      handlerTimeoutMs: 10 * LIFE_MS,
      channels: [
        tracking({
          join: async (ctx) => {
            await gate.opened
            ctx.track(ctx.identity.id, {})
          },
        }),
      ],
    })
    const ada = await node.native('ada')
    await ada.join(topic)
    await clock.advance(LIFE_MS + SWEEP_MS)
    gate.open()
    await clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
    expect(eventsIn(await ada.heard())).toEqual([])
  })
})

describe('[P-18] a hello tells the client when its credentials expire', () => {
  const told = async (node: TestNode) => {
    const ada = await node.native('ada')
    const [answer] = repliesIn(await ada.ask([null, 'h', 'rollcall', 'hello', {}]))
    return answer?.[2].expires_in_ms
  }

  test('in whole milliseconds from now', async () => {
    expect(await told(lasting(LIFE_MS).node)).toBe(LIFE_MS)
    expect(await told(lasting(LIFE_MS + 0.9).node)).toBe(LIFE_MS)
  })

  test('null without an expiry', async () => {
    expect(await told(new TestNode())).toBe(null)
    expect(await told(lasting(Number.POSITIVE_INFINITY).node)).toBe(null)
  })
})

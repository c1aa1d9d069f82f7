import { describe, expect, test } from 'vitest'
import { addressGroup } from '../admission/address'
import { guestAccount, identityAccount } from '../identity/account'
import type { Authenticate } from '../identity/identity'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { repliesIn } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import { type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'

/* How many presences one identity has on a node, and the guests of one network, whatever the number of their sessions. */

const MAX = 3

const authenticate: Authenticate = ({ params }) => {
  const id = params.get('user_id')
  return id === undefined ? { id: 'guest-x', isGuest: true } : { id }
}

const options: TestNodeOptions = { mode: 'production', authenticate, limits: { presencesPerIdentity: MAX } }
const refused = (limit = 'presencesPerIdentity') => [
  'j',
  'error',
  expect.objectContaining({
    reason: 'capacity_exceeded',
    limit,
    max: MAX,
    actual: MAX + 1,
    option: `limits.${limit}`,
    message: expect.stringContaining(`the limit is ${MAX} (server option limits.${limit})`),
  }),
]
const accepted = ['j', 'ok', {}]
const ada = identityAccount('ada')

/** The replies to joins, made one after the other. */
async function joins(node: TestNode, peer: Peer, ...topics: string[]) {
  const replies = []
  for (const topic of topics) {
    peer.say(['j', 'j', topic, 'phx_join', {}])
    // The topic may delay its flush.
    await node.clock.advance(300)
    replies.push(...repliesIn(await peer.heard()))
  }
  return replies
}

const four = ['room:1', 'room:2', 'room:3', 'room:4']

describe('[S-35] the presences of one identity', () => {
  test('are limited per node over all its connections, without affecting others', async () => {
    const node = new TestNode(options)
    const [first, second, ben] = [
      await node.native('ada'),
      await node.native('ada'),
      await node.native('ben'),
    ]
    expect(await joins(node, first, 'room:1', 'room:2')).toEqual([accepted, accepted])
    expect(await joins(node, second, 'room:1', 'room:2')).toEqual([accepted, refused()])
    expect(await joins(node, ben, ...four)).toEqual([accepted, accepted, accepted, refused()])
    expect(node.registry.sizeOf(ada)).toBe(MAX)
  })

  test('count while their session waits for its client, and no longer once its grace ends', async () => {
    const node = new TestNode(options)
    const lost = await node.native('ada')
    await hello(lost)
    await joins(node, lost, 'room:1', 'room:2', 'room:3')
    lost.wire.end()
    const next = await node.native('ada')
    expect(await joins(node, next, 'room:4')).toEqual([refused()])
    await node.clock.advance(GRACE_MS)
    expect(await joins(node, next, 'room:4')).toEqual([accepted])
    expect(node.registry.sizeOf(ada)).toBe(1)
  })

  test('may change, and free their place when they leave', async () => {
    const node = new TestNode(options)
    const peer = await node.native('ada')
    await joins(node, peer, 'room:1', 'room:2', 'room:3')
    peer.say(['j', 'u', 'room:1', 'presence_update', { meta: { n: 1 } }])
    expect(repliesIn(await peer.heard())).toMatchObject([['u', 'ok', {}]])
    expect(await joins(node, peer, 'room:1')).toEqual([accepted])
    expect(await joins(node, peer, 'room:4')).toEqual([refused()])
    peer.say(['j', 'l', 'room:1', 'phx_leave', {}])
    await peer.heard()
    expect(await joins(node, peer, 'room:4')).toEqual([accepted])
  })

  test('are refused with the same fault in Vix and Phoenix', async () => {
    const node = new TestNode({ ...options, implicitTopic: 'room:1' })
    await joins(node, await node.native('ada'), 'room:1', 'room:2', 'room:3')
    const params = new Map([['user_id', 'ada']])
    const vix = await node.connect({ path: '/', subprotocols: [], params })
    await vix.heard()
    const [fault] = await vix.ask({ type: 'presence.join', payload: { user: 'ada' } })
    expect(fault.payload).toMatchObject({ reason: 'capacity_exceeded', limit: 'presencesPerIdentity' })
    const vsn = new Map([...params, ['vsn', '2.0.0']])
    const phoenix = await node.connect({ path: '/socket/websocket', subprotocols: [], params: vsn })
    expect(await joins(node, phoenix, 'room:4')).toEqual([refused()])
    expect(node.registry.sizeOf(ada)).toBe(MAX)
  })

  test('do not include what the application tracks for its own owners', async () => {
    const node = new TestNode(options)
    for (const topic of four) expect(node.registry.track('robot', topic, 'ada', {}).ok).toBe(true)
    expect(node.registry.accountCount).toBe(0)
    expect(await joins(node, await node.native('ada'), 'room:1')).toEqual([accepted])
  })

  test('include what the application tracks for one of its sessions', async () => {
    const node = new TestNode(options)
    const peer = await node.native('ada')
    const { session } = await hello(peer)
    node.registry.track(session, 'room:1', 'ada', {})
    node.registry.track(session, 'room:2', 'ada', {})
    expect(await joins(node, peer, 'room:3')).toEqual([accepted])
    expect(node.registry.sizeOf(ada)).toBe(3)
    expect(await joins(node, peer, 'room:4')).toEqual([refused()])
    expect(node.registry.untrackAll(session)).toBe(3)
    expect(node.registry.accountCount).toBe(0)
  })

  test('are refused with the node’s limit when the node is full', async () => {
    const node = new TestNode({ ...options, limits: { capacity: MAX } })
    expect(await joins(node, await node.native('ada'), ...four)).toEqual([
      accepted,
      accepted,
      accepted,
      refused('capacity'),
    ])
  })
})

describe('[S-35] the presences of guests', () => {
  const guest = (node: TestNode, remoteAddress: string) => node.connect({ remoteAddress })

  test('share one limit per network', async () => {
    const node = new TestNode(options)
    const near = [await guest(node, '2001:db8::1'), await guest(node, '2001:db8::2')] as const
    expect(await joins(node, near[0], 'room:1', 'room:2')).toEqual([accepted, accepted])
    expect(await joins(node, near[1], 'room:1', 'room:2')).toEqual([accepted, refused()])
    expect(await joins(node, await guest(node, '2001:db8:1::1'), 'room:1')).toEqual([accepted])
    expect(node.registry.sizeOf(guestAccount(addressGroup('2001:db8::3')))).toBe(MAX)
  })

  test('do not count for an identity whose id is an address', async () => {
    const node = new TestNode(options)
    await joins(node, await guest(node, '192.0.2.7'), ...four)
    expect(await joins(node, await node.native('192.0.2.7'), 'room:1')).toEqual([accepted])
  })

  test('count for the network in which the session began', async () => {
    const node = new TestNode(options)
    const first = await guest(node, '192.0.2.7')
    const { token } = await hello(first, undefined, 'i')
    await joins(node, first, 'room:1', 'room:2')
    first.wire.end()
    const back = await guest(node, '192.0.2.8')
    expect(await hello(back, token, 'i')).toMatchObject({ resumed: true })
    expect(await joins(node, back, 'room:3')).toEqual([accepted])
    expect(node.registry.sizeOf(guestAccount('192.0.2.7'))).toBe(3)
    expect(node.registry.accountCount).toBe(1)
  })

  test('do not count in development; those of identities do', async () => {
    const node = new TestNode({ limits: { presencesPerIdentity: MAX } })
    const open = await node.connect()
    expect(await joins(node, open, ...four)).toEqual([accepted, accepted, accepted, accepted])
    expect(await joins(node, await node.native('ada'), ...four)).toEqual([
      accepted,
      accepted,
      accepted,
      refused(),
    ])
  })
})

describe('[S-35] a session that moves to another node', () => {
  async function moved(topics: readonly string[]) {
    const { clock, nodes } = sharedNodes(2, options)
    const [here, there] = nodes as [SharingNode, SharingNode]
    const enter = async (node: TestNode, names: readonly string[]) => {
      const peer = await node.native('ada')
      const { token } = await hello(peer, undefined, 'i')
      expect(await joins(node, peer, ...names)).toEqual(names.map(() => accepted))
      return token
    }
    const token = await enter(there, topics)
    await clock.advance(300)
    const arrive = async () => {
      const peer = await here.native('ada')
      expect(await hello(peer, token, 'i')).toMatchObject({ resumed: true })
      return peer
    }
    return { clock, here, there, enter, arrive }
  }

  test('counts there for the presences it adopted, and here no longer', async () => {
    const { here, there, arrive } = await moved(['room:1', 'room:2'])
    const peer = await arrive()
    expect(await joins(here, peer, ...four)).toEqual([accepted, accepted, accepted, refused()])
    expect([here.registry.sizeOf(ada), there.registry.sizeOf(ada)]).toEqual([MAX, 0])
  })

  test('brings no more presences than the limit allows, however many arrive at once', async () => {
    const { clock, here, enter, arrive } = await moved(['room:1', 'room:2', 'room:3'])
    await enter(here, ['room:1', 'room:2'])
    const peer = await arrive()
    const names = ['room:1', 'room:2', 'room:3']
    peer.say(...names.map((topic) => ['j', 'j', topic, 'phx_join', {}]))
    await clock.advance(300)
    const statuses = repliesIn(await peer.heard()).map(([, status]) => status)
    expect(statuses.sort()).toEqual(['error', 'error', 'ok'])
    expect(here.registry.sizeOf(ada)).toBe(MAX)
    await clock.advance(2 * GRACE_MS)
    const listed = await Promise.all(names.map((topic) => here.registry.count(topic)))
    expect(listed.reduce((sum, each) => sum + each, 0)).toBe(MAX)
  })

  test('counts for a topic that it leaves and joins again at once', async () => {
    const { clock, here, arrive } = await moved(['room:1'])
    const peer = await arrive()
    peer.say(['j', 'l', 'room:1', 'phx_leave', {}], ['j', 'j', 'room:1', 'phx_join', {}])
    await clock.advance(300)
    expect(here.registry.size).toBe(1)
    expect(here.registry.sizeOf(ada)).toBe(1)
  })
})

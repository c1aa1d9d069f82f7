import { describe, expect, test } from 'vitest'
import { type Authenticate, HandshakeError } from '../identity/identity'
import type { HandshakeRequest } from '../io/wire'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { gated, repliesIn, topic, tracking, withHandlers } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import { handshake, type Peer, TestNode, type TestNodeOptions } from '../testing-support/test-node'
import { VirtualClock } from '../testing-support/virtual-clock'

const LIFE_MS = 60_000

/**
 * Ada, in the lobby of a server that goes by tokens such as `ada:reader`: who she is, and her role. Each lasts a minute.
 */
async function ada(options: TestNodeOptions = {}) {
  const clock = options.clock ?? new VirtualClock()
  const asked: HandshakeRequest[] = []
  const authenticate: Authenticate = (request) => {
    asked.push(request)
    const [id = '', role = ''] = (request.token ?? request.params.get('token') ?? '').split(':')
    if (id === '') throw new HandshakeError(401, 'Say who you are.', 'token_missing')
    if (role === 'banned') throw new HandshakeError(403, 'You are banned.', 'banned')
    if (role === 'broken') throw new Error('secret reason')
    return { id, claims: { role }, expiresAtMs: clock.timeMs() + LIFE_MS }
  }
  const who = tracking({
    handlers: {
      who: ({ identity, params }) => ({
        role: identity.claims?.role as string,
        city: params.get('city') ?? '',
      }),
    },
  })
  const node = new TestNode({ clock, authenticate, channels: [who], ...options })
  const peer = await node.connect({
    path: '/socket',
    token: 'ada:reader',
    params: new Map([['city', 'London']]),
    headers: { authorization: 'Bearer ada:reader', cookie: 'token=ada', 'user-agent': 'test' },
    remoteAddress: '192.0.2.7',
  })
  const opening = await hello(peer)
  await peer.join(topic)
  await clock.advance(300)
  await peer.heard()
  const [before] = await node.registry.list(topic)
  return { node, clock, peer, asked, opening, before }
}

/** What a refresh is answered with: `[ref, status, response]`. */
async function refresh(peer: Peer, payload: unknown, ref = 'r') {
  const [reply] = repliesIn(await peer.ask([null, ref, 'rollcall', 'refresh', payload]))
  return reply
}

const who = async (peer: Peer) => repliesIn(await peer.ask(['j', 'w', topic, 'who', {}]))[0]?.[2]

describe('[S-32] new credentials within the connection', () => {
  test('extend the session, and nobody sees a change', async () => {
    const { node, clock, peer, before } = await ada()
    await clock.advance(LIFE_MS - 5000)
    const answer = await refresh(peer, { token: 'ada:reader' })
    expect(answer).toEqual(['r', 'ok', { identity: { id: 'ada' }, expires_in_ms: LIFE_MS }])
    await clock.advance(LIFE_MS - 5000)
    expect(peer.wire.isOpen).toBe(true)
    expect(await peer.heard()).toEqual([])
    expect(await node.registry.list(topic)).toEqual([before])
    await clock.advance(7000)
    expect(peer.wire.closedWith?.code).toBe(4004)
  })

  test('pass their claims and params to the channels from then on', async () => {
    const { peer } = await ada()
    expect(await who(peer)).toEqual({ role: 'reader', city: 'London' })
    await refresh(peer, { params: { city: 'Paris', token: 'ada:writer' } })
    expect(await who(peer)).toEqual({ role: 'writer', city: 'Paris' })
  })

  test('are checked like a handshake of the same peer, without its earlier credentials', async () => {
    const { peer, asked } = await ada()
    await refresh(peer, { token: 'ada:writer', params: { city: 'Paris' } })
    expect(asked.at(-1)).toEqual({
      ...handshake(),
      path: '/socket',
      headers: { 'user-agent': 'test' },
      remoteAddress: '192.0.2.7',
      params: new Map([['city', 'Paris']]),
      token: 'ada:writer',
      subprotocols: [],
    })
  })

  test.each<[string, object, string]>([
    ['that are refused', { token: 'ada:banned' }, 'banned'],
    ['that are none', {}, 'token_missing'],
    ['that cannot be looked at', { token: 'ada:broken' }, 'authenticate_failed'],
    ['of somebody else', { token: 'mallory:admin' }, 'identity_changed'],
    ['that no handshake could carry', { token: 5 }, 'invalid_message'],
  ])('%s change nothing', async (_what, payload, reason) => {
    const { node, clock, peer, before } = await ada()
    await clock.advance(LIFE_MS / 2)
    const answer = await refresh(peer, payload)
    expect(answer).toEqual(['r', 'error', expect.objectContaining({ reason })])
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(await who(peer)).toEqual({ role: 'reader', city: 'London' })
    expect(await node.registry.list(topic)).toEqual([before])
    await clock.advance(LIFE_MS / 2 - 3000)
    expect(peer.wire.isOpen).toBe(true)
    await clock.advance(5000)
    expect(peer.wire.closedWith?.code).toBe(4004)
  })

  test('appear in no log and no reply', async () => {
    const { node, peer } = await ada()
    for (const token of ['ada:writer', 'ada:broken', 'ada:banned', 'mallory:admin'])
      expect(JSON.stringify(await refresh(peer, { token, params: { city: token } }))).not.toContain(token)
    expect(JSON.stringify(node.log.lines)).not.toMatch(/writer|banned|admin/)
  })

  test('are checked one at a time, with one waiting; more are throttled', async () => {
    const gate = gated()
    let running = 0
    let most = 0
    const { peer } = await ada({
      authenticate: async ({ token }) => {
        most = Math.max(most, ++running)
        if (token !== 'ada:reader') await gate.opened
        running--
        return { id: 'ada', claims: { role: token } }
      },
    })
    for (const ref of ['1', '2', '3']) peer.say([null, ref, 'rollcall', 'refresh', { token: `t${ref}` }])
    expect(repliesIn(await peer.heard())).toEqual([
      ['3', 'error', expect.objectContaining({ reason: 'throttled', retry_after_ms: 1000 })],
    ])
    gate.open()
    expect(repliesIn(await peer.heard()).map(([ref, status]) => [ref, status])).toEqual([
      ['1', 'ok'],
      ['2', 'ok'],
    ])
    expect(most).toBe(1)
    expect(await who(peer)).toMatchObject({ role: 't2' })
  })

  test('[S-36] that come too fast are not checked, and no authorize runs', async () => {
    const { peer, asked, clock } = await ada({ rates: { refreshes: { perSecond: 1, burst: 2 } } })
    const statuses: unknown[] = []
    for (let i = 0; i < 4; i++) statuses.push((await refresh(peer, { token: 'ada:reader' }))?.[1])
    expect(statuses).toEqual(['ok', 'ok', 'error', 'error'])
    // The handshake, and two.
    expect(asked).toHaveLength(3)
    expect((await refresh(peer, { token: 'ada:reader' }))?.[2]).toEqual({
      reason: 'throttled',
      message: 'More than 1 refresh a second (server option rates.refreshes.perSecond); try again later.',
      retry_after_ms: 1000,
    })
    await clock.advance(1000)
    expect((await refresh(peer, { token: 'ada:reader' }))?.[1]).toBe('ok')
  })

  test.each([
    ['that are refused', 'ada:banned'],
    ['of somebody else', 'mallory:admin'],
  ])('[S-37] %s are a violation', async (_what, token) => {
    const { peer, node } = await ada({ rates: { refreshes: false, abuse: { perSecond: 1, burst: 3 } } })
    for (let i = 0; i < 3; i++) await refresh(peer, { token })
    expect(peer.wire.closedWith).toBeNull()
    await refresh(peer, { token })
    expect(peer.wire.closedWith).toEqual({ code: 1008, reason: 'abuse' })
    expect(node.node.sessionCount).toBe(0)
  })

  test('[S-37] that the server fails to check are no violation', async () => {
    const { peer } = await ada({ rates: { refreshes: false, abuse: { perSecond: 1, burst: 3 } } })
    for (let i = 0; i < 20; i++) await refresh(peer, { token: 'ada:broken' })
    expect(peer.wire.closedWith).toBeNull()
  })

  test('that are not checked in time are refused, and the next ones are checked', async () => {
    let isStuck = false
    const { peer, clock } = await ada({
      authenticate: () => (isStuck ? new Promise(() => {}) : { id: 'ada', claims: { role: 'x' } }),
      authenticateTimeoutMs: 500,
    })
    isStuck = true
    peer.say([null, '1', 'rollcall', 'refresh', {}])
    await clock.advance(500)
    expect(repliesIn(await peer.heard())).toEqual([
      ['1', 'error', expect.objectContaining({ reason: 'authenticate_timeout' })],
    ])
    isStuck = false
    expect(await refresh(peer, {})).toMatchObject(['r', 'ok', {}])
  })

  test('do not revive a session that ended during their check', async () => {
    const gate = gated()
    let isSlow = false
    const clock = new VirtualClock()
    const { node, peer } = await ada({
      clock,
      authenticate: async () => {
        if (isSlow) await gate.opened
        return { id: 'ada', expiresAtMs: clock.timeMs() + LIFE_MS }
      },
      authenticateTimeoutMs: 10 * LIFE_MS,
    })
    isSlow = true
    peer.say([null, '1', 'rollcall', 'refresh', {}])
    await clock.advance(LIFE_MS + 2000)
    gate.open()
    expect(await peer.heard()).toEqual([])
    expect(peer.wire.closedWith?.code).toBe(4004)
    expect(node.node.sessionCount).toBe(0)
  })

  test('that wait are not checked once the connection has ended', async () => {
    const gate = gated()
    let isSlow = false
    const looked: unknown[] = []
    const { peer, clock } = await ada({
      authenticate: async ({ token }) => {
        looked.push(token)
        if (isSlow) await gate.opened
        return { id: 'ada' }
      },
    })
    isSlow = true
    for (const ref of ['1', '2']) peer.say([null, ref, 'rollcall', 'refresh', { token: ref }])
    peer.wire.end(1006)
    gate.open()
    await clock.advance(1000)
    expect(looked).toEqual(['ada:reader', '1'])
  })

  test('[S-5] change nothing over a connection that no longer holds the session', async () => {
    const gate = gated()
    let isSlow = false
    const node = new TestNode({
      channels: [withHandlers({ who: ({ identity }) => ({ role: identity.claims?.role as string }) })],
      authenticate: async ({ token }) => {
        if (isSlow && token === 'old') await gate.opened
        return { id: 'ada', claims: { role: token } }
      },
    })
    const old = await node.connect({ token: 'first' })
    const { token } = await hello(old)
    isSlow = true
    old.say([null, '1', 'rollcall', 'refresh', { token: 'old' }])
    const newer = await node.connect({ token: 'newer' })
    await hello(newer, token)
    await newer.join(topic)
    gate.open()
    await node.clock.advance(300)
    await newer.heard()
    expect(await who(newer)).toEqual({ role: 'newer' })
  })

  test('[S-10] may have the names of prototypes', async () => {
    const { peer, asked } = await ada()
    peer.wire.receive(
      '[null,"1","rollcall","refresh",{"token":"ada:x","params":{"__proto__":"a","constructor":"b"}}]',
    )
    await peer.heard()
    expect([...(asked.at(-1)?.params ?? [])]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  test('of a guest keep the same guest', async () => {
    const node = new TestNode({ mode: 'production', allowAnonymous: true })
    const guest = await node.connect()
    await hello(guest)
    await guest.join(topic)
    await node.clock.advance(300)
    await guest.heard()
    const [before] = await node.registry.list(topic)
    expect(await refresh(guest, {})).toEqual([
      'r',
      'ok',
      { identity: { id: before?.key }, expires_in_ms: null },
    ])
    expect(await node.registry.list(topic)).toEqual([before])
  })

  test('may come before the hello', async () => {
    const { node } = await ada()
    const peer = await node.connect({ token: 'ada:reader' })
    expect(await refresh(peer, { token: 'ada:writer' })).toMatchObject(['r', 'ok', {}])
    await peer.join(topic)
    expect(await who(peer)).toMatchObject({ role: 'writer' })
  })

  test('work over zzz as well', async () => {
    const { node, clock } = await ada()
    const peer = await node.connect({ subprotocols: [], token: 'bob:reader' })
    await clock.advance(LIFE_MS / 2)
    const payload = { token: 'bob:writer' }
    const [answer] = await peer.ask({ topic: 'phoenix', event: 'refresh', payload, ref: '1' })
    expect(answer.payload).toMatchObject({ status: 'ok', response: { expires_in_ms: LIFE_MS } })
  })
})

describe('[S-32] new credentials of a client that resumes', () => {
  test('are the session’s from then on', async () => {
    const { node, clock, peer, opening } = await ada()
    await clock.advance(LIFE_MS - 5000)
    peer.wire.end(1006)
    const params = new Map([['city', 'Paris']])
    const again = await node.connect({ token: 'ada:writer', params })
    expect(await hello(again, opening.token)).toMatchObject({ resumed: true, expires_in_ms: LIFE_MS })
    await again.join(topic, { presence_since: null })
    expect(await who(again)).toEqual({ role: 'writer', city: 'Paris' })
    await clock.advance(LIFE_MS - 5000)
    expect(again.wire.isOpen).toBe(true)
  })

  test('are the session’s on another server as well', async () => {
    const { clock, nodes } = sharedNodes(2, {
      channels: [withHandlers({ who: ({ identity }) => ({ role: identity.claims?.role as string }) })],
      authenticate: ({ token }) => ({ id: 'ada', claims: { role: token } }),
    })
    const [here, there] = nodes as [SharingNode, SharingNode]
    const peer = await here.connect({ token: 'reader' })
    const { token } = await hello(peer)
    await peer.join(topic)
    peer.wire.end(1006)
    const again = await there.connect({ token: 'writer' })
    expect(await hello(again, token)).toMatchObject({ resumed: true })
    await again.join(topic)
    expect(await who(again)).toEqual({ role: 'writer' })
    await clock.advance(3 * GRACE_MS)
    expect(again.wire.isOpen).toBe(true)
  })
})

test('[S-41] with invalid ids cause one log line, for any number of handshakes and refreshes', async () => {
  const { node, peer } = await ada({ rates: { refreshes: false } })
  for (let i = 0; i < 10; i++) {
    expect(await refresh(peer, { params: { token: 'ada\u202e:reader' } }, `r${i}`)).toMatchObject([
      `r${i}`,
      'error',
      { reason: 'invalid_text' },
    ])
    expect(await node.refusal({ token: 'ada\u202e:reader' })).toMatchObject({ reason: 'invalid_text' })
  }
  expect(node.log.of('warn').map(({ context }) => context.reason)).toEqual(['invalid_text'])
  expect(node.log.of('error')).toEqual([])
})

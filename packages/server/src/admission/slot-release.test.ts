import { describe, expect, test } from 'vitest'
import { type Authenticate, HandshakeError } from '../identity/identity'
import { handshake, TestNode, type TestNodeOptions } from '../testing-support/test-node'

const authenticate: Authenticate = ({ params }) => {
  const id = params.get('user_id') ?? ''
  if (id === '') throw new HandshakeError(401, 'Who are you?')
  return { id }
}

const node = (admission: TestNodeOptions['admission'], more: TestNodeOptions = {}) =>
  new TestNode({ mode: 'production', authenticate, ...more, admission: admission ?? {} })
const as = (userId: string) => ({ params: new Map([['user_id', userId]]) })

describe('[S-35] a handshake that is admitted has a seat', () => {
  test('until its connection ends', async () => {
    const full = node({ maxConnections: 1 })
    const ada = await full.native('ada')
    expect(await full.refusal(as('ben'))).toMatchObject({ status: 503, reason: 'server_full' })
    ada.wire.end(1006)
    await full.native('ben')
  })

  test('until it is given up, where it is never opened', async () => {
    const full = node({ maxConnections: 1 })
    const answer = await full.node.admit(handshake(as('ada')))
    if ('status' in answer) throw new Error(answer.message)
    expect(await full.refusal(as('ben'))).toMatchObject({ reason: 'server_full' })
    answer.abandon()
    await full.native('ben')
  })

  test('until it is known that nobody is let in for it', async () => {
    const full = node({ maxConnections: 1 })
    for (let i = 0; i < 3; i++) expect(await full.refusal({})).toMatchObject({ status: 401 })
    await full.native('ben')
  })

  test('while it is found out who it is, bounded in number and time', async () => {
    const forever: Authenticate = () => new Promise(() => {})
    const busy = node({ maxPending: 2 }, { authenticate: forever, authenticateTimeoutMs: 1000 })
    const waiting = [busy.node.admit(handshake()), busy.node.admit(handshake())]
    expect(await busy.refusal({})).toMatchObject({ status: 503, reason: 'busy' })
    await busy.clock.advance(1000)
    for (const each of waiting) expect(await each).toMatchObject({ status: 504 })
    const next = busy.node.admit(handshake())
    await busy.clock.advance(1000)
    expect(await next).toMatchObject({ status: 504 })
  })

  test('nobody is asked who it is for a handshake that has none', async () => {
    let asked = 0
    const counting: Authenticate = () => ({ id: String(asked++) })
    const full = node({ maxConnections: 1 }, { authenticate: counting })
    await full.connect()
    await full.refusal({})
    await full.refusal({ headers: { origin: 'https://evil.example' } })
    expect(asked).toBe(1)
  })
})

describe('[S-35] of one identity', () => {
  test('there are so many connections, and guests are each another', async () => {
    const small = node({ maxPerIdentity: 2 })
    await small.native('ada')
    await small.native('ada')
    expect(await small.refusal(as('ada'))).toMatchObject({ status: 429, reason: 'too_many_connections' })
    await small.native('ben')
    const open = new TestNode({ mode: 'production', allowAnonymous: true, admission: { maxPerIdentity: 1 } })
    await open.connect()
    await open.connect()
  })
})

describe('[S-35] of one address', () => {
  test('there are so many connections in production, whoever they are', async () => {
    const small = node({ maxPerAddress: 1 })
    await small.connect({ ...as('ada'), remoteAddress: '192.0.2.7' })
    expect(await small.refusal({ ...as('ben'), remoteAddress: '192.0.2.7' })).toMatchObject({ status: 429 })
    await small.connect({ ...as('ben'), remoteAddress: '192.0.2.8' })
  })

  test('there are any number in development', async () => {
    const local = new TestNode({ admission: { maxPerAddress: 1, maxPendingPerAddress: 1 } })
    await Promise.all(['ada', 'ben', 'cem'].map((id) => local.native(id)))
  })
})

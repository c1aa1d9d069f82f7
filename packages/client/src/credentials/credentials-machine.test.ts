import { describe, expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { stepCredentials } from './credentials-machine'
import { renewalDelay } from './credentials-renewal'
import {
  type Credentials,
  type CredentialsContext,
  type CredentialsEffect,
  type CredentialsEvent,
  type CredentialsState,
  INITIAL_CREDENTIALS,
  isSameCredentials,
  type Lifetime,
} from './credentials-state'

const base: CredentialsContext = {
  now: 0,
  random: 0,
  canRenew: true,
  connectTimeoutMs: 10_000,
  timeoutMs: 4_000,
  backoff: { baseMs: 500, capMs: 30_000 },
}
const error = new RollcallError('params_failed', 'no')
const HOUR_MS = 3_600_000
const tokens = (token: string): Credentials => ({ params: new Map([['user_id', 'ada']]), token })
const wanted: CredentialsEvent = { kind: 'connect' }
const due: CredentialsEvent = { kind: 'due' }
const expiry: CredentialsEvent = { kind: 'closed', close: { code: 4004, reason: 'expired' }, isExpiry: true }
const broken: CredentialsEvent = { kind: 'closed', close: { code: 1006, reason: '' }, isExpiry: false }
const made = (fetchId: number, token: string): CredentialsEvent => ({
  kind: 'fetched',
  fetchId,
  credentials: tokens(token),
})
const failed = (fetchId: number): CredentialsEvent => ({ kind: 'failed', fetchId, error })
const welcomed = (lifetime: Lifetime): CredentialsEvent => ({ kind: 'accepted', lifetime })

function run(
  events: readonly CredentialsEvent[],
  from: CredentialsState = INITIAL_CREDENTIALS,
  context: Partial<CredentialsContext> = {},
) {
  let state = from
  let effects: readonly CredentialsEffect[] = []
  for (const event of events) ({ state, effects } = stepCredentials(state, event, { ...base, ...context }))
  return { state, effects }
}
const held = run([wanted, made(1, 't1'), welcomed(HOUR_MS)]).state

describe('[C-33] a renewal', () => {
  test('is planned at four fifths of the life at the latest, and offers what the application then says', () => {
    const planned = run([welcomed(HOUR_MS)], run([wanted, made(1, 't1')]).state)
    expect(planned.effects).toEqual([{ kind: 'setTimer', delayMs: 0.8 * HOUR_MS }])
    expect(run([due], held).effects).toEqual([
      { kind: 'setTimer', delayMs: 4_000 },
      { kind: 'fetch', fetchId: 2 },
    ])
    expect(run([due, made(2, 't2')], held).effects).toEqual([
      { kind: 'setTimer', delayMs: 4_000 },
      { kind: 'refresh', credentials: tokens('t2') },
    ])
    const renewed = run([due, made(2, 't2'), { kind: 'refreshed', lifetime: 600_000 }], held)
    expect(renewed.state).toMatchObject({
      name: 'valid',
      lastAccepted: { credentials: tokens('t2'), endsAt: 600_000 },
    })
    expect(renewed.effects[0]).toEqual({ kind: 'setTimer', delayMs: 480_000 })
  })

  test('begins a life that is counted from now', () => {
    const { state } = run([wanted, made(1, 't1'), welcomed(HOUR_MS)], INITIAL_CREDENTIALS, { now: 1_000 })
    expect(state.lastAccepted?.endsAt).toBe(HOUR_MS + 1_000)
  })

  test.each([
    ['never', true],
    ['unknown', true],
    [HOUR_MS, false],
  ] as const)('is not planned for a life of %s where functions: %s', (lifetime, canRenew) => {
    const { state, effects } = run([wanted, made(1, 't1'), welcomed(lifetime)], INITIAL_CREDENTIALS, {
      canRenew,
    })
    expect([state.name, effects]).toEqual(['valid', [{ kind: 'setTimer', delayMs: null }]])
  })

  test('that is asked for while another one is out waits for it, and asks the application again', () => {
    const asking = run([due, { kind: 'requested', ticket: 1 }, { kind: 'requested', ticket: 2 }], held)
    expect([asking.state.name, asking.effects]).toEqual(['fetchingNew', []])
    const again = run([made(2, 't2'), { kind: 'refreshed', lifetime: HOUR_MS }], asking.state)
    expect(again.state).toMatchObject({
      name: 'fetchingNew',
      tickets: [{ first: 1, last: 2 }],
      nextTickets: [],
    })
    expect(again.effects).toEqual([
      { kind: 'settle', tickets: [], error: null },
      { kind: 'setTimer', delayMs: 4_000 },
      { kind: 'fetch', fetchId: 3 },
    ])
  })
})

describe('[C-33] who asks for a renewal', () => {
  const requested = (ticket: number): CredentialsEvent => ({ kind: 'requested', ticket })
  const apart = expect.objectContaining({
    code: 'disconnected',
    message: expect.stringContaining('No connection is open'),
  })

  test('is refused while no connection is open', () => {
    for (const events of [[], [wanted], [wanted, made(1, 't1')]])
      expect(run([...events, requested(5)]).effects).toEqual([
        { kind: 'settle', tickets: [{ first: 5, last: 5 }], error: apart },
      ])
  })

  test('is told when the connection ends before the answer, as are those who came later', () => {
    const asking = run([requested(1), requested(2)], held).state
    expect(asking).toMatchObject({
      name: 'fetchingNew',
      tickets: [{ first: 1, last: 1 }],
      nextTickets: [{ first: 2, last: 2 }],
    })
    const settle = { kind: 'settle', tickets: [{ first: 1, last: 2 }], error: apart }
    const pass = { kind: 'passThrough', close: { code: 1006, reason: '' } }
    expect(run([broken], asking).effects).toEqual([{ kind: 'setTimer', delayMs: null }, settle, pass])
    expect(run([made(2, 't2'), broken], asking).effects).toEqual([
      { kind: 'setTimer', delayMs: null },
      settle,
      pass,
    ])
    expect(run([{ kind: 'disconnected' }], asking)).toEqual({
      state: { name: 'idle', lastAccepted: held.lastAccepted, fetchId: 2 },
      effects: [{ kind: 'setTimer', delayMs: null }, settle],
    })
    expect(run([{ kind: 'stopped' }], asking)).toEqual({
      state: { name: 'idle', lastAccepted: null, fetchId: 2 },
      effects: [{ kind: 'setTimer', delayMs: null }, settle],
    })
    expect(run([wanted], asking).effects).toEqual([
      settle,
      { kind: 'setTimer', delayMs: 5_000 },
      { kind: 'fetch', fetchId: 3 },
    ])
  })

  test('is nobody where the clock did: no failure is told when the connection ends', () => {
    const asking = run([due], held).state
    expect(run([broken], asking).effects.map(({ kind }) => kind)).toEqual(['setTimer', 'passThrough'])
    expect(run([wanted], asking).effects.map(({ kind }) => kind)).toEqual(['setTimer', 'fetch'])
  })

  test('is told of the failure, and a second question is asked at once for those who came later', () => {
    const asking = run([requested(1), requested(2)], held).state
    expect(run([failed(2)], asking).effects).toEqual([
      { kind: 'settle', tickets: [{ first: 1, last: 1 }], error },
      { kind: 'setTimer', delayMs: 4_000 },
      { kind: 'fetch', fetchId: 3 },
    ])
  })

  test('has the answer of the server, after which the next renewal is planned', () => {
    const { effects } = run([requested(1), made(2, 't2'), { kind: 'refreshed', lifetime: HOUR_MS }], held)
    expect(effects).toEqual([
      { kind: 'setTimer', delayMs: 0.8 * HOUR_MS },
      { kind: 'settle', tickets: [{ first: 1, last: 1 }], error: null },
    ])
  })

  test('is not followed by tries that nobody asked for, where the credentials do not end or no function makes others', () => {
    for (const [lifetime, canRenew] of [
      ['never', true],
      ['unknown', true],
      [HOUR_MS, false],
    ] as const) {
      const opened = run([wanted, made(1, 't1'), welcomed(lifetime)], INITIAL_CREDENTIALS, { canRenew }).state
      const { effects } = run([requested(1), failed(2)], opened, { canRenew })
      expect(effects[0]).toEqual({ kind: 'setTimer', delayMs: null })
    }
  })
})

describe('[C-33] the time of a renewal', () => {
  test.each([
    ['four fifths of the life', 600_000, 0, 480_000],
    ['seven tenths, where chance says so', 600_000, 1, 420_000],
    ['a minute before the end', 240_000, 0, 180_000],
    ['half of a life that is too short for that', 100_000, 0, 50_000],
    ['a second at least', 1_000, 0, 1_000],
    ['what timers take at most', 2 ** 45, 0, 2 ** 31 - 1],
  ])('is %s', (_what, lifetimeMs, random, delayMs) => {
    expect(renewalDelay(lifetimeMs, random)).toBe(delayMs)
  })
})

describe('[C-34] a renewal that fails', () => {
  const later = { kind: 'setTimer', delayMs: 1_000 }
  test.each([
    ['as the function throws', [due, failed(2)], 'params_failed'],
    ['as the function never answers', [due, due], 'timeout'],
    [
      'as the server refuses',
      [due, made(2, 't2'), { kind: 'refreshRefused', error, retryAfterMs: 0 }],
      'params_failed',
    ],
    ['as the server never answers', [due, made(2, 't2'), due], 'timeout'],
  ] as const)('%s keeps the last accepted credentials, and is tried again', (_how, events, code) => {
    const { state, effects } = run(events, held)
    expect(state).toMatchObject({ name: 'valid', lastAccepted: held.lastAccepted, failures: 1 })
    expect(effects).toEqual([
      later,
      { kind: 'settle', tickets: [], error: expect.objectContaining({ code }) },
    ])
    expect(run([due], state).effects).toContainEqual({ kind: 'fetch', fetchId: 3 })
  })

  test('without an answer says after how long it was given up, and that nothing is lost', () => {
    expect(run([due, due], held).effects).toContainEqual({
      kind: 'settle',
      tickets: [],
      error: expect.objectContaining({
        message:
          'The renewal of the credentials got no reply within 4000 ms. The client keeps the last accepted ones.',
      }),
    })
  })

  test('is tried more and more rarely, and not before the server says', () => {
    const random = { random: 0.999 }
    const once = run([due, failed(2)], held, random)
    expect(once.effects[0]).toEqual({ kind: 'setTimer', delayMs: 1_000 })
    const twice = run([due, failed(3), due, failed(4)], once.state, random)
    expect(twice.effects[0]).toEqual({ kind: 'setTimer', delayMs: 3_996 })
    const rejected: CredentialsEvent = { kind: 'refreshRefused', error, retryAfterMs: 7_000 }
    expect(run([due, made(2, 't2'), rejected], held).effects[0]).toEqual({ kind: 'setTimer', delayMs: 7_000 })
  })

  test('is heard no more once it was given up', () => {
    const again = run([due, due, due], held)
    expect(run([made(2, 'late')], again.state)).toEqual({ state: again.state, effects: [] })
    expect(run([failed(2)], again.state)).toEqual({ state: again.state, effects: [] })
  })
})

describe('[C-34] a connection', () => {
  const away = run([broken], held).state
  const open = { kind: 'open', credentials: tokens('t1') }

  test('that ends while none is expected, or while the application is asked, ends all the same', () => {
    for (const from of [INITIAL_CREDENTIALS, run([wanted]).state])
      expect(run([broken], from)).toEqual({
        state: { name: 'idle', lastAccepted: null, fetchId: from.fetchId },
        effects: [
          { kind: 'setTimer', delayMs: null },
          { kind: 'passThrough', close: { code: 1006, reason: '' } },
        ],
      })
  })

  test('is opened with accepted credentials that never end, however late it is', () => {
    const lasting = run([wanted, made(1, 't1'), welcomed('never'), broken]).state
    expect(run([wanted, failed(2)], lasting, { now: 1e15 }).effects).toContainEqual(open)
  })

  test('that was opened with the last accepted ones is an ordinary try: it may fail, and the next one follows', () => {
    for (const event of [failed(2), due, made(2, 't1')]) {
      const trying = run([wanted, event], away, { now: HOUR_MS - 1 })
      expect(trying.effects).toEqual([{ kind: 'setTimer', delayMs: null }, open])
      expect(run([broken], trying.state).effects).toContainEqual(
        expect.objectContaining({ kind: 'passThrough' }),
      )
    }
  })

  test('is tried as usual with the same credentials where nobody said how long they last', () => {
    const unknown = run([wanted, made(1, 't1'), welcomed('unknown'), broken]).state
    const trying = run([wanted, made(2, 't1')], unknown).state
    expect(run([broken], trying).effects).toContainEqual(expect.objectContaining({ kind: 'passThrough' }))
  })

  test('is not given up for a failure of an earlier question, nor opened with its answer', () => {
    const asking = run([wanted, { kind: 'disconnected' }, wanted]).state
    for (const stale of [failed(1), made(1, 'late')])
      expect(run([stale], asking)).toEqual({ state: asking, effects: [] })
  })

  test('waits on for the function where the last accepted ones are over', () => {
    const asking = run([wanted], away, { now: HOUR_MS }).state
    expect(run([due], asking, { now: HOUR_MS })).toEqual({ state: asking, effects: [] })
  })

  test('that breaks before the server accepted it keeps the last accepted ones', () => {
    const { state, effects } = run([wanted, made(2, 't2'), broken], away)
    expect(state).toEqual({ name: 'idle', lastAccepted: away.lastAccepted, fetchId: 2 })
    expect(effects).toEqual([
      { kind: 'setTimer', delayMs: null },
      { kind: 'passThrough', close: { code: 1006, reason: '' } },
    ])
  })

  test('is opened with the last accepted ones where the function fails, or takes too long', () => {
    for (const event of [failed(2), due])
      expect(run([wanted, event], away, { now: HOUR_MS - 1 }).effects).toContainEqual({
        kind: 'open',
        credentials: tokens('t1'),
      })
  })

  test('is a try that failed where those are over, or where nobody said how long they last', () => {
    expect(run([wanted, failed(2)], away, { now: HOUR_MS }).effects).toContainEqual({ kind: 'fail', error })
    const unknown = run([wanted, made(1, 't1'), welcomed('unknown'), broken]).state
    expect(run([wanted, failed(2)], unknown).effects).toContainEqual({ kind: 'fail', error })
    expect(run([wanted], unknown).effects).toContainEqual({ kind: 'setTimer', delayMs: null })
  })
})

describe('[C-35] credentials that the server says are over', () => {
  const over = run([expiry], held)

  test('are replaced by others', () => {
    expect(over.effects).toContainEqual({ kind: 'passThrough', close: { code: 4004, reason: 'expired' } })
    const open = { kind: 'open', credentials: tokens('t2') }
    expect(run([wanted, made(2, 't2')], over.state).effects).toContainEqual(open)
  })

  test('and were refused at once are remembered as over: the same again end the socket', () => {
    const refused = run([wanted, made(1, 't1'), expiry])
    expect(refused.state.lastAccepted).toEqual({
      credentials: tokens('t1'),
      endsAt: 'unknown',
      isRejected: true,
    })
    expect(refused.effects).toContainEqual({ kind: 'passThrough', close: { code: 4004, reason: 'expired' } })
    expect(run([wanted, made(2, 't1')], refused.state).effects).toContainEqual({
      kind: 'expire',
      close: null,
    })
    const fixed = run([wanted, made(1, 't1'), expiry], INITIAL_CREDENTIALS, { canRenew: false })
    expect(fixed.effects).toContainEqual({ kind: 'expire', close: { code: 4004, reason: 'expired' } })
  })

  test('while newer ones were asked for or offered are not used again', () => {
    for (const events of [[due], [due, made(2, 't2')]]) {
      const { state } = run([...events, expiry], held)
      expect(state.lastAccepted).toMatchObject({ credentials: tokens('t1'), isRejected: true })
      expect(run([wanted, failed(3)], state).effects).toContainEqual({ kind: 'fail', error })
    }
  })

  test('end the socket where there are no others', () => {
    expect(run([wanted, made(2, 't1')], over.state).effects).toContainEqual({ kind: 'expire', close: null })
    const { effects } = run([expiry], held, { canRenew: false })
    expect(effects).toContainEqual({ kind: 'expire', close: { code: 4004, reason: 'expired' } })
  })

  test('are not used again while the function fails, which is asked again', () => {
    const { state, effects } = run([wanted, failed(2)], over.state)
    expect(effects).toContainEqual({ kind: 'fail', error })
    expect(run([wanted, made(3, 't1')], state).effects).toContainEqual({ kind: 'expire', close: null })
  })

  test('by the clock alone are tried once more: a clock may be wrong', () => {
    const now = { now: HOUR_MS }
    const trying = run([broken, wanted, made(2, 't1')], held, now)
    expect(trying.effects).toContainEqual({ kind: 'open', credentials: tokens('t1') })
    expect(run([broken], trying.state, now).effects).toContainEqual(
      expect.objectContaining({ kind: 'expire' }),
    )
    expect(run([welcomed(HOUR_MS), broken], trying.state, now).effects).toContainEqual(
      expect.objectContaining({ kind: 'passThrough' }),
    )
  })
})

describe('credentials are the same', () => {
  const of = (token: string | null, params: Record<string, string>): Credentials => ({
    token,
    params: new Map(Object.entries(params)),
  })

  test.each([
    ['where all is equal', of('t', { a: '1', b: '2' }), of('t', { b: '2', a: '1' }), true],
    ['not with another token', of('t', {}), of('u', {}), false],
    ['not with a parameter more', of('t', { a: '1' }), of('t', { a: '1', b: '2' }), false],
    ['not with a parameter less', of('t', { a: '1', b: '2' }), of('t', { a: '1' }), false],
    ['not with another value', of('t', { a: '1' }), of('t', { a: '2' }), false],
    ['not with another name', of('t', { a: '1' }), of('t', { b: '1' }), false],
  ])('%s', (_what, left, right, isSame) => {
    expect(isSameCredentials(left, right)).toBe(isSame)
  })
})

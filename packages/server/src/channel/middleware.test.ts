import { describe, expect, test } from 'vitest'
import { guestAccount } from '../identity/account'
import { RecordingLog } from '../testing-support/recording-log'
import { VirtualClock } from '../testing-support/virtual-clock'
import type { ChannelContext } from './channel-context'
import type { Call } from './middleware'
import { allowIf, logCalls, rateLimit } from './middleware'
import { Refusal, type Reply, refuse } from './reply'

const call: Call = { kind: 'event', event: 'say', payload: 'secret words' }
const session = (account: string | null = null, rateFactor = 1) =>
  ({ topic: 't', sessionId: 's', assigns: new Map(), account, rateFactor }) as unknown as ChannelContext
const bodyOf = (reply: Reply) => (reply instanceof Refusal ? reply.fault : null)

describe('allowIf', () => {
  test.each([true, Promise.resolve(true)])('lets pass what %s is said to', async (verdict) => {
    expect(await allowIf(() => verdict)(session(), call, () => 'done')).toBe('done')
  })

  test.each([false, Promise.resolve(false)])('refuses what %s is said to, unheard', async (verdict) => {
    let isCalled = false
    const reply = await allowIf(() => verdict)(session(), call, () => {
      isCalled = true
    })
    expect(bodyOf(reply)).toMatchObject({ code: 'refused', reason: 'forbidden' })
    expect(isCalled).toBe(false)
  })

  test.each([undefined, null, 0, 'no', refuse('banned')])(
    '[S-94] refuses the call if isAllowed returns %j, and logs it',
    async (verdict) => {
      const asked = allowIf(() => verdict as unknown as boolean)(session(), call, () => 'done')
      await expect(asked).rejects.toThrow(`true or false, not a value of type ${typeof verdict}.`)
    },
  )

  test('refuses the call if isAllowed fails', async () => {
    const undecided = allowIf(() => Promise.reject(new Error('no database')))
    await expect(undecided(session(), call, () => 'done')).rejects.toThrow('no database')
  })
})

describe('rateLimit', () => {
  test('[S-9] throttles a session that is too fast, with a retry time, and no other session', () => {
    const clock = new VirtualClock()
    const limit = rateLimit({ perSecond: 10, burst: 2 }, clock)
    const [one, other] = [session(), session()]
    const ask = (ctx: ChannelContext) => limit(ctx, call, () => 'done') as Reply
    expect([ask(one), ask(one)]).toEqual(['done', 'done'])
    expect(bodyOf(ask(one))).toMatchObject({ code: 'throttled', retryAfterMs: 100 })
    expect(ask(other)).toBe('done')
    clock.elapse(100)
    expect(ask(one)).toBe('done')
  })

  test('[S-84] counts an identity’s sessions together, and another identity separately', () => {
    const clock = new VirtualClock()
    const limit = rateLimit({ perSecond: 10, burst: 2 }, clock)
    const ask = (ctx: ChannelContext) => limit(ctx, call, () => 'done') as Reply
    expect([ask(session('ada')), ask(session('ada'))]).toEqual(['done', 'done'])
    expect(bodyOf(ask(session('ada')))).toMatchObject({ code: 'throttled', retryAfterMs: 100 })
    expect(ask(session('bob'))).toBe('done')
    // A sweep of the spent counts keeps the others.
    clock.elapse(9_900)
    expect([ask(session('ada')), ask(session('ada'))]).toEqual(['done', 'done'])
    clock.elapse(100)
    expect([ask(session('cleo')), ask(session('ada'))]).toEqual(['done', 'done'])
    expect(bodyOf(ask(session('ada')))).toMatchObject({ code: 'throttled' })
  })

  test.each([1, 3, 8])(
    '[S-84] gives the guests of one address %d times the rate together, and each of them the rate once',
    (times) => {
      const clock = new VirtualClock()
      const limit = rateLimit({ perSecond: 10, burst: 2 }, clock)
      const guests = Array.from({ length: times + 1 }, () => session(guestAccount('192.0.2.1'), times))
      const ask = () =>
        guests.flatMap((guest) => [0, 1, 2].map(() => (limit(guest, call, () => 'done') as Reply) === 'done'))
      const none = [false, false, false]
      expect(ask()).toEqual([...Array.from({ length: times }, () => [true, true, false]).flat(), ...none])
      clock.elapse(100)
      expect(ask()).toEqual([...Array.from({ length: times }, () => [true, false, false]).flat(), ...none])
    },
  )

  test('[S-84] gives each session the rate with per: session', () => {
    const limit = rateLimit({ perSecond: 10, burst: 1, per: 'session' }, new VirtualClock())
    const ask = (ctx: ChannelContext) => limit(ctx, call, () => 'done') as Reply
    expect([ask(session('ada')), ask(session('ada'))]).toEqual(['done', 'done'])
  })

  test.each([
    { perSecond: 1, burst: 1, per: 'topic' as never },
    { perSecond: 0, burst: 1 },
    { perSecond: -1, burst: 1 },
    { perSecond: Number.NaN, burst: 1 },
    { perSecond: 1, burst: 0.5 },
    { perSecond: 1, burst: Number.NaN },
  ])('throws for %j at construction', (options) => {
    expect(() => rateLimit(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})

describe('logCalls', () => {
  test('logs the call and its refusal, but no payload', async () => {
    const log = new RecordingLog()
    expect(await logCalls(log)(session(), call, () => 'done')).toBe('done')
    await logCalls(log)(session(), { kind: 'join', payload: { token: 'secret' } }, () => refuse('no'))
    expect(log.of('debug').map(({ context }) => context)).toEqual([
      { topic: 't', sessionId: 's', call: 'event', event: 'say', refused: undefined },
      { topic: 't', sessionId: 's', call: 'join', event: undefined, refused: 'refused' },
    ])
    expect(JSON.stringify(log.lines)).not.toContain('secret')
  })
})

import { describe, expect, test } from 'vitest'
import { RecordingLog } from '../../testing-support/recording-log'
import { VirtualClock } from '../../testing-support/virtual-clock'
import type { Call } from '../compose'
import type { ChannelContext } from '../context'
import { Refusal, type Reply, refuse } from '../reply'
import { authorize } from './authorize'
import { logCalls } from './log'
import { rateLimit } from './rate-limit'

const call: Call = { kind: 'event', event: 'say', payload: 'secret words' }
const session = (assigns = new Map<string, unknown>()) =>
  ({ topic: 't', sessionId: 's', assigns }) as unknown as ChannelContext
const bodyOf = (reply: Reply) => (reply instanceof Refusal ? reply.fault : null)

describe('authorize', () => {
  test.each([true, Promise.resolve(true)])('lets pass what %s is said to', async (verdict) => {
    expect(await authorize(() => verdict)(session(), call, () => 'done')).toBe('done')
  })

  test.each([false, Promise.resolve(false)])('refuses what %s is said to, unheard', async (verdict) => {
    let isCalled = false
    const reply = await authorize(() => verdict)(session(), call, () => {
      isCalled = true
    })
    expect(bodyOf(reply)).toMatchObject({ code: 'refused', reason: 'forbidden' })
    expect(isCalled).toBe(false)
  })

  test('one that cannot decide does not let pass', async () => {
    const undecided = authorize(() => Promise.reject(new Error('no database')))
    await expect(undecided(session(), call, () => 'done')).rejects.toThrow('no database')
  })
})

describe('rateLimit', () => {
  test('[S-9] throttles a session that is too fast, says when to try again, and no other session', () => {
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

  test.each([
    { perSecond: 0, burst: 1 },
    { perSecond: -1, burst: 1 },
    { perSecond: Number.NaN, burst: 1 },
    { perSecond: 1, burst: 0.5 },
    { perSecond: 1, burst: Number.NaN },
  ])('%j is refused when it is made', (options) => {
    expect(() => rateLimit(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})

describe('logCalls', () => {
  test('logs what was called and whether it was refused, and no payload', async () => {
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

import type { ClientMessage } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { DEFAULT_RATES, pacesOf, type RatesOptions } from './rates'
import { Throttle } from './throttle'

const update = (n: number): ClientMessage => ({
  kind: 'update',
  topic: 'a',
  ref: String(n),
  joinRef: 'j',
  meta: { n },
})

function make(some: Partial<RatesOptions> = {}) {
  const clock = new VirtualClock()
  const rates = { ...DEFAULT_RATES, ...some }
  const done: unknown[] = []
  const throttle = new Throttle(
    { clock, rates, paces: pacesOf(rates), maxKeptBytes: 1000 },
    {
      isIn: () => true,
      onDue: ({ ref }) => done.push(`due ${ref}`),
      onThrottled: (message, { retryAfterMs }) =>
        done.push(`throttled ${'ref' in message ? message.ref : ''} for ${retryAfterMs}`),
      onAbuse: () => done.push('abuse'),
    },
  )
  return { clock, throttle, done, takes: (n: number) => throttle.takes(update(n), 10, clock.now()) }
}

describe('[S-9] a throttle', () => {
  const rates = { updates: { perSecond: 10, burst: 1 } }

  test('has one timer while something is kept, and none otherwise', async () => {
    const { clock, takes, done } = make(rates)
    expect(takes(1)).toBe(true)
    expect(clock.pendingCount).toBe(0)
    for (let n = 2; n <= 9; n++) expect(takes(n)).toBe(false)
    expect(clock.pendingCount).toBe(1)
    await clock.advance(100)
    expect(clock.pendingCount).toBe(0)
    expect(done.at(-1)).toBe('due 9')
  })

  test('that is stopped does nothing more', async () => {
    const { clock, takes, throttle, done } = make(rates)
    takes(1)
    takes(2)
    throttle.stop()
    expect(clock.pendingCount).toBe(0)
    await clock.advance(1000)
    expect(done).toEqual([])
  })

  test('may be forgotten when all is quiet and nothing is kept, and not before', async () => {
    const { clock, takes, throttle } = make(rates)
    expect(throttle.isOver(clock.now())).toBe(true)
    takes(1)
    takes(2)
    expect(throttle.isOver(clock.now() + 1_000_000)).toBe(false)
    await clock.advance(100)
    expect(throttle.isOver(clock.now())).toBe(false)
    await clock.advance(100)
    expect(throttle.isOver(clock.now())).toBe(true)
    throttle.offend(clock.now())
    expect(throttle.isOver(clock.now())).toBe(false)
    await clock.advance(200)
    expect(throttle.isOver(clock.now())).toBe(true)
  })
})

test('[S-36] says when there will be room, in whole milliseconds and at least one', () => {
  const { takes, done, clock } = make({ messages: { perSecond: 30, burst: 1 } })
  takes(1)
  takes(2)
  clock.elapse(33.3)
  takes(3)
  expect(done).toEqual(['throttled 2 for 34', 'throttled 3 for 1'])
})

import { expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { withTimeout } from './with-timeout'

const never = new Promise<string>(() => {})

test('is what the promise comes to, and leaves no timer behind', async () => {
  const clock = new VirtualClock()
  expect(await withTimeout(Promise.resolve('done'), 100, clock, () => 'late')).toBe('done')
  await expect(withTimeout(Promise.reject(new Error('no')), 100, clock, () => 'late')).rejects.toThrow('no')
  await clock.settle()
  expect(clock.pendingCount).toBe(0)
})

test('is late after the time, and not before', async () => {
  const clock = new VirtualClock()
  let outcome = 'waiting'
  void withTimeout(never, 100, clock, () => 'late').then((settled) => {
    outcome = settled
  })
  await clock.advance(99)
  expect(outcome).toBe('waiting')
  await clock.advance(1)
  await clock.settle()
  expect(outcome).toBe('late')
})

test('rejects where being late is an error: nothing is thrown out of the timer', async () => {
  const clock = new VirtualClock()
  const late = withTimeout(never, 100, clock, () => {
    throw new Error('too late')
  })
  const outcome = expect(late).rejects.toThrow('too late')
  await clock.advance(100)
  await outcome
})

test('drops what a late promise comes to, a rejection too', async () => {
  const clock = new VirtualClock()
  let reject = (_error: Error) => {}
  const slow = new Promise<string>((_resolve, no) => {
    reject = no
  })
  const outcome = withTimeout(slow, 100, clock, () => 'late')
  await clock.advance(100)
  reject(new Error('nobody waits for this'))
  await clock.settle()
  expect(await outcome).toBe('late')
})

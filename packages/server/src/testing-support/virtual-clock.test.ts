import { expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock'

test('timers fire in the order of their time, with what comes of one done before the next', async () => {
  const clock = new VirtualClock()
  const log: string[] = []
  clock.after(20, () => log.push(`b at ${clock.now()}`))
  clock.after(10, () => {
    log.push(`a at ${clock.now()}`)
    void Promise.resolve().then(() => log.push('a’s promise'))
    clock.after(5, () => log.push(`a’s timer at ${clock.now()}`))
  })
  const cancelled = clock.after(12, () => log.push('never'))
  cancelled.cancel()
  await clock.advance(19)
  expect(log).toEqual(['a at 10', 'a’s promise', 'a’s timer at 15'])
  await clock.advance(1)
  expect(log.at(-1)).toBe('b at 20')
  expect(clock.pendingCount).toBe(0)
})

test('settle does what is due now, and lets no time pass', async () => {
  const clock = new VirtualClock()
  const log: string[] = []
  clock.soon(() => {
    log.push('soon')
    clock.soon(() => log.push('sooner or later'))
    clock.after(0, () => log.push('at once'))
    clock.after(1, () => log.push('later'))
  })
  await clock.settle()
  expect(log).toEqual(['soon', 'sooner or later', 'at once'])
  expect(clock.now()).toBe(0)
})

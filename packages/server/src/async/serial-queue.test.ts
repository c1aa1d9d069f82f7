import { expect, test } from 'vitest'
import { SerialQueue } from './serial-queue'

/** A promise and the means to settle it. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

test('does things at once where nothing is under way', () => {
  const queue = new SerialQueue(1)
  const log: number[] = []
  queue.push(() => void log.push(1))
  queue.push(() => void log.push(2))
  expect(log).toEqual([1, 2])
})

test('does one thing after the other, in order, synchronous ones in between', async () => {
  const queue = new SerialQueue(10)
  const log: string[] = []
  const first = gate()
  queue.push(async () => {
    log.push('first begins')
    await first.opened
    log.push('first ends')
  })
  queue.push(() => void log.push('second'))
  queue.push(async () => void log.push('third'))
  queue.push(() => void log.push('fourth'))
  expect(log).toEqual(['first begins'])
  first.open()
  await new Promise((resolve) => setImmediate(resolve))
  expect(log).toEqual(['first begins', 'first ends', 'second', 'third', 'fourth'])
})

test('[S-9] holds no more than it may, and says so', async () => {
  const queue = new SerialQueue(2)
  const log: number[] = []
  const first = gate()
  queue.push(() => first.opened)
  const taken = [1, 2, 3, 4].map((n) => queue.push(() => void log.push(n)))
  expect(taken).toEqual([true, true, false, false])
  first.open()
  await new Promise((resolve) => setImmediate(resolve))
  expect(log).toEqual([1, 2])
  expect(queue.push(() => void log.push(5))).toBe(true)
  expect(log).toEqual([1, 2, 5])
})

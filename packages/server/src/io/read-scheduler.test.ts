import { expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { type Reader, ReadScheduler } from './read-scheduler'

/** A clock on which reading takes time. */
function open(readingMs: number) {
  const clock = new VirtualClock()
  const intake = new ReadScheduler(clock)
  const log: string[] = []
  const reader = (name: string): Reader => ({
    read: (chunk) => {
      clock.elapse(readingMs)
      log.push(`${name} ${chunk}`)
    },
    pause: () => log.push(`${name} waits`),
    resume: () => log.push(`${name} reads on`),
  })
  return { clock, intake, log, reader }
}

test('what comes in a turn that is young is read at once', () => {
  const { intake, log, reader } = open(1)
  for (let i = 0; i < 5; i++) intake.schedule(reader('a'), Buffer.from(`${i}`))
  expect(log).toEqual(['a 0', 'a 1', 'a 2', 'a 3', 'a 4'])
})

test('what comes later in a long turn waits for the next ones, each peer with one chunk and in its order', async () => {
  const { clock, intake, log, reader } = open(6)
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) intake.schedule(reader(name), Buffer.from('1'))
  expect(log).toEqual(['a 1', 'b 1', 'c waits', 'd waits', 'e waits'])
  log.length = 0
  await clock.settle()
  expect(log.filter((line) => line.endsWith('1'))).toEqual(['c 1', 'd 1', 'e 1'])
  expect(log.filter((line) => line.endsWith('reads on'))).toEqual(['c reads on', 'd reads on', 'e reads on'])
})

test('between two slices the event loop has its turn, and whoever writes then comes after those who wait', async () => {
  const { clock, intake, log, reader } = open(11)
  intake.schedule(reader('a'), Buffer.from('1'))
  intake.schedule(reader('b'), Buffer.from('1'))
  intake.schedule(reader('c'), Buffer.from('1'))
  clock.soon(() => {
    log.push('a timer')
    intake.schedule(reader('d'), Buffer.from('1'))
  })
  log.length = 0
  await clock.settle()
  expect(log.filter((line) => !line.endsWith('reads on'))).toEqual([
    'b 1',
    'a timer',
    'd waits',
    'c 1',
    'd 1',
  ])
})

test('after a quiet turn the next one is young again', async () => {
  const { clock, intake, log, reader } = open(11)
  intake.schedule(reader('a'), Buffer.from('1'))
  await clock.settle()
  intake.schedule(reader('a'), Buffer.from('2'))
  expect(log).toEqual(['a 1', 'a 2'])
})

import { describe, expect, test } from 'vitest'
import { RecordingLog } from '../testing-support/recording-log'
import type { Clock, Timer } from './clock'
import { type ScheduledWriter, WriteScheduler } from './write-scheduler'

/** Turns of an event loop that the test runs by hand, and a time that passes as the test says. */
class Turns implements Clock {
  nowMs = 0
  #due: (() => void)[] = []

  now(): number {
    return this.nowMs
  }

  timeMs(): number {
    return this.nowMs
  }

  /** The timer that was asked for last, in milliseconds. */
  waitMs: number | null = null

  after(delayMs: number, run: () => void): Timer {
    this.waitMs = delayMs
    this.#due.push(() => {
      this.nowMs += delayMs
      this.waitMs = null
      run()
    })
    return { cancel: () => {} }
  }

  soon(run: () => void): void {
    this.#due.push(run)
  }

  /** How often it was asked for the next turn. */
  get asked(): number {
    return this.#due.length
  }

  next(): void {
    for (const run of this.#due.splice(0)) run()
  }
}

function setUp(costMs: number) {
  const turns = new Turns()
  const log = new RecordingLog()
  const tick = new WriteScheduler(turns, log)
  const ran: string[] = []
  const job = (name: string, onRun = () => {}, things = 1): ScheduledWriter => ({
    flush() {
      ran.push(name)
      turns.nowMs += costMs
      onRun()
      return things
    },
  })
  /** What ran in the next turn. */
  const next = () => {
    turns.next()
    return ran.splice(0)
  }
  return { turns, tick, log, job, next }
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`)

test('[S-12] all that is marked in one turn is run in the next, in order and each once', () => {
  const { turns, tick, job, next } = setUp(0)
  for (const name of names(0, 1000)) tick.schedule(job(name))
  expect(turns.asked).toBe(1)
  expect(next()).toEqual(names(0, 1000))
  expect([next(), turns.asked]).toEqual([[], 0])
})

test('who is marked while others run has the next turn', () => {
  const { tick, job, next } = setUp(0)
  tick.schedule(job('a', () => tick.schedule(job('c'))))
  tick.schedule(job('b'))
  expect(next()).toEqual(['a', 'b'])
  expect(next()).toEqual(['c'])
})

test('what takes long is run in slices, so that input is read between them, and goes on where it was', () => {
  const { turns, tick, job, next } = setUp(0.1)
  for (const name of names(0, 500)) tick.schedule(job(name))
  // The clock is looked at after each 64: 12.8 ms are the first that are too long.
  expect(next()).toEqual(names(0, 128))
  expect(turns.asked).toBe(1)
  expect(next()).toEqual(names(128, 256))
  expect(next()).toEqual(names(256, 384))
  expect(next()).toEqual(names(384, 500))
  expect(turns.asked).toBe(0)
})

test('one job that takes longer than a slice keeps no other from its turn', () => {
  const { tick, job, next } = setUp(50)
  for (const name of names(0, 130)) tick.schedule(job(name))
  expect([next(), next(), next()]).toEqual([names(0, 64), names(64, 128), names(128, 130)])
})

test('who is marked meanwhile runs after those that wait, also where one of them has run already', () => {
  const { turns, tick, job, next } = setUp(0.2)
  let again: ScheduledWriter | null = null
  again = job('0')
  tick.schedule(again)
  for (const name of names(1, 100)) tick.schedule(job(name))
  expect(next()).toEqual(names(0, 64))
  tick.schedule(again)
  tick.schedule(job('new'))
  expect(turns.asked).toBe(1)
  expect(next()).toEqual([...names(64, 100), '0', 'new'])
})

test('who is marked by one of the slice runs after those that were not reached', () => {
  const { turns, tick, job, next } = setUp(0.2)
  tick.schedule(job('0', () => tick.schedule(job('late'))))
  for (const name of names(1, 70)) tick.schedule(job(name))
  expect(next()).toEqual(names(0, 64))
  expect(turns.asked).toBe(1)
  expect(next()).toEqual([...names(64, 70), 'late'])
})

test('[S-13] one that throws is logged, and keeps no other from its turn', () => {
  const { turns, tick, log, job, next } = setUp(0.2)
  const error = new Error('It cannot be written.')
  const fail = () => {
    throw error
  }
  tick.schedule(job('0', fail))
  for (const name of names(1, 70)) tick.schedule(job(name, name === '65' ? fail : undefined))
  expect(next()).toEqual(names(0, 64))
  tick.schedule(job('new'))
  expect(next()).toEqual([...names(64, 70), 'new'])
  expect(turns.asked).toBe(0)
  expect(log.of('error').map(({ context }) => context.err)).toEqual([error, error])
  tick.schedule(job('again'))
  expect(next()).toEqual(['again'])
})

test('it knows about what one run costs', () => {
  const { tick, job, next } = setUp(0.5)
  expect(tick.costMs).toBe(0)
  for (let turn = 0; turn < 30; turn++) {
    for (const name of names(0, 10)) tick.schedule(job(name))
    next()
  }
  expect(tick.costMs).toBeCloseTo(0.5, 2)
})

describe('[S-12] the next run', () => {
  /** Runs twenty jobs of so many things, and marks another at the end of that and some time later. */
  const waited = (costMs: number, things: number, laterMs = 0) => {
    const { turns, tick, job, next } = setUp(costMs)
    for (const name of names(0, 20)) tick.schedule(job(name, undefined, things))
    next()
    turns.nowMs += laterMs
    tick.schedule(job('next'))
    const { waitMs } = turns
    expect(next()).toEqual(['next'])
    return waitMs
  }

  test('waits for as long as the last one took, where that had several things for each', () => {
    expect(waited(0.2, 8)).toBeCloseTo(4)
    expect(waited(0.2, 8, 1.5)).toBeCloseTo(2.5)
  })

  test.each([
    ['nobody had more than one thing', 0.2, 1, 0],
    ['the last one was short', 0.04, 8, 0],
    ['it comes late enough', 0.25, 8, 6],
  ])('waits for nothing where %s', (_why, costMs, things, laterMs) => {
    expect(waited(costMs, things, laterMs)).toBeNull()
  })
})

describe('[S-12] what may be written at once', () => {
  test('is the first of a turn', () => {
    const { tick, next } = setUp(0)
    expect([tick.takeTurn(), tick.takeTurn()]).toEqual([true, false])
    next()
    expect(tick.takeTurn()).toBe(true)
  })

  test('is nothing while something is due, which it would overtake', () => {
    const { tick, job, next } = setUp(0)
    tick.schedule(job('a'))
    expect(tick.takeTurn()).toBe(false)
    next()
    expect(tick.takeTurn()).toBe(true)
  })

  test('is nothing for a while after there was load', () => {
    const { turns, tick, job, next } = setUp(0)
    tick.schedule(job('a', undefined, 8))
    next()
    turns.nowMs += 99
    expect(tick.takeTurn()).toBe(false)
    turns.nowMs += 1
    expect(tick.takeTurn()).toBe(true)
  })
})

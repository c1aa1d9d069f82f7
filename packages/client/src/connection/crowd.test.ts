import { describe, expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { DEFAULT_SOCKET_OPTIONS } from '../options'
import { stepConnection } from './connection-machine'
import {
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionState,
  INITIAL_CONNECTION,
} from './connection-state'

const CROWD = 10_000
const { backoff, connectTimeoutMs } = DEFAULT_SOCKET_OPTIONS
const broken: ConnectionEvent = { kind: 'closed', close: { code: 1006, reason: '' } }
/** One error for all: a stack trace for each of a hundred thousand failures would take longer than the test. */
const failed: ConnectionEvent = { kind: 'failed', error: new RollcallError('disconnected', 'refused') }

/** Numbers from 0, below 1, the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** How long after the server's return each of the crowd tries again, in milliseconds, after an outage in which tries fail at once. */
function returnsAfter(outageMs: number): number[] {
  const random = seeded(7)
  const step = (state: ConnectionState, event: ConnectionEvent, now: number): ConnectionState => {
    const context: ConnectionContext = {
      now,
      random: random(),
      hasCloseCodes: true,
      connectTimeoutMs,
      backoff,
    }
    return stepConnection(state, event, context).state
  }
  const session = { id: null, identity: null, isResumed: false, recoveringMs: 0 }
  return Array.from({ length: CROWD }, () => {
    const opened: ConnectionEvent[] = [{ kind: 'connect' }, { kind: 'opened' }, { kind: 'accepted', session }]
    let state = opened.reduce((before, event) => step(before, event, -60_000), INITIAL_CONNECTION)
    state = step(state, broken, 0)
    for (;;) {
      if (state.name !== 'waiting' || state.retryAt === null) throw new Error(`It is ${state.name}.`)
      const { retryAt } = state
      if (retryAt >= outageMs) return retryAt - outageMs
      state = step(step(state, { kind: 'due' }, retryAt), failed, retryAt)
    }
  })
}

/** The most tries within any `widthMs`. */
function busiest(times: readonly number[], widthMs: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  let first = 0
  return Math.max(
    ...sorted.map((time, index) => {
      while (time - (sorted[first] as number) >= widthMs) first += 1
      return index - first + 1
    }),
  )
}

describe('[C-39] ten thousand clients of a server that was away for a minute', () => {
  const returns = returnsAfter(60_000)

  test('each tries again within capMs of its return, half of them within 3 s', () => {
    expect(backoff.capMs).toBeLessThanOrEqual(8_000)
    expect(Math.max(...returns)).toBeLessThanOrEqual(backoff.capMs)
    expect(returns.filter((ms) => ms <= 3_000).length).toBeGreaterThan(CROWD / 2)
  })

  test('come back spread: not a quarter of them in any second, not 3 % in any tenth', () => {
    expect(busiest(returns, 1_000)).toBeLessThan(CROWD * 0.25)
    expect(busiest(returns, 100)).toBeLessThan(CROWD * 0.03)
  })
})

import { describe, expect, test } from 'vitest'
import {
  type HeartbeatEvent,
  type HeartbeatState,
  INITIAL_HEARTBEAT,
  stepHeartbeat,
} from './heartbeat-machine'

const settings = { intervalMs: 15_000, timeoutMs: 10_000, isSteady: false }

/** Runs events, each `[kind, now]`, and returns the last state with the effects of every one of them. */
function run(events: readonly [HeartbeatEvent['kind'], number][], from: HeartbeatState = INITIAL_HEARTBEAT) {
  let state = from
  const effects = events.map(([kind, now]) => {
    const step = stepHeartbeat(state, { kind }, { ...settings, now })
    state = step.state
    return step.effects
  })
  return { state, effects }
}

describe('heartbeat', () => {
  test('beats after an interval of silence and waits for an answer', () => {
    const { state, effects } = run([
      ['started', 0],
      ['due', 15_000],
    ])
    expect(effects).toEqual([
      [{ kind: 'setTimer', delayMs: 15_000 }],
      [{ kind: 'beat' }, { kind: 'setTimer', delayMs: 10_000 }],
    ])
    expect(state).toEqual({ name: 'probing', deadline: 25_000 })
  })

  test('a frame meanwhile puts the beat off, without a timer for each frame', () => {
    const { effects } = run([
      ['started', 0],
      ['received', 6_000],
      ['received', 9_000],
      ['due', 15_000],
      ['due', 24_000],
    ])
    expect(effects.slice(1)).toEqual([
      [],
      [],
      [{ kind: 'setTimer', delayMs: 9_000 }],
      [{ kind: 'beat' }, { kind: 'setTimer', delayMs: 10_000 }],
    ])
  })

  test('[C-4] silence after a heartbeat is a dead connection, interval + timeout after the last frame', () => {
    const { state, effects } = run([
      ['started', 0],
      ['due', 15_000],
      ['due', 25_000],
    ])
    expect(effects[2]).toEqual([{ kind: 'timedOut' }])
    expect(state).toEqual({ name: 'off' })
  })

  test('any frame answers a heartbeat', () => {
    const { state } = run([
      ['started', 0],
      ['due', 15_000],
      ['received', 16_000],
    ])
    expect(state).toEqual({ name: 'listening', receivedAt: 16_000 })
  })

  test('[C-4] a timer that is an hour late asks again before it gives up', () => {
    const hour = 3_600_000
    const { effects } = run([
      ['started', 0],
      ['due', 15_000],
      ['due', hour],
      ['due', hour + 10_000],
    ])
    expect(effects[2]).toEqual([{ kind: 'beat' }, { kind: 'setTimer', delayMs: 10_000 }])
    expect(effects[3]).toEqual([{ kind: 'timedOut' }])
  })

  test('a clock that is set back leads to one beat more, not to silence for as long', () => {
    const { effects } = run([
      ['started', 1_000_000],
      ['due', 0],
    ])
    expect(effects[1]).toEqual([{ kind: 'beat' }, { kind: 'setTimer', delayMs: 10_000 }])
  })

  test('a frame in the very millisecond of the timer puts the beat off by the whole interval', () => {
    const { effects } = run([
      ['started', 0],
      ['received', 15_000],
      ['due', 15_000],
    ])
    expect(effects[2]).toEqual([{ kind: 'setTimer', delayMs: 15_000 }])
  })

  test('waits whole milliseconds, so that fractions do not make it due for ever', () => {
    const { effects } = run([
      ['started', 0.2],
      ['due', 15_000.1],
    ])
    expect(effects[1]).toEqual([{ kind: 'setTimer', delayMs: 1 }])
  })

  test('a doubt asks at once; stopping ends it from every state', () => {
    expect(
      run([
        ['started', 0],
        ['probe', 100],
      ]).effects[1],
    ).toEqual([{ kind: 'beat' }, { kind: 'setTimer', delayMs: 10_000 }])
    for (const events of [[], [['probe', 1]]] as [HeartbeatEvent['kind'], number][][]) {
      const { state, effects } = run([['started', 0], ...events, ['stopped', 2]])
      expect(state).toEqual({ name: 'off' })
      expect(effects.at(-1)).toEqual([{ kind: 'setTimer', delayMs: null }])
    }
  })

  test('[C-4] a timer that is late by just its time is a dead connection: only later ones mean that the machine slept', () => {
    const probing = run([
      ['started', 0],
      ['due', 15_000],
    ]).state
    expect(run([['due', 35_000]], probing).effects).toEqual([[{ kind: 'timedOut' }]])
    expect(run([['due', 35_001]], probing).effects[0]).toContainEqual({ kind: 'beat' })
  })

  test('a new connection begins with its whole interval, whatever the one before it was waiting for', () => {
    for (const before of [[], [['due', 15_000]]] as [HeartbeatEvent['kind'], number][][]) {
      const { state, effects } = run([['started', 0], ...before, ['started', 20_000]])
      expect(state).toEqual({ name: 'listening', receivedAt: 20_000 })
      expect(effects.at(-1)).toEqual([{ kind: 'setTimer', delayMs: 15_000 }])
    }
  })

  test('a doubt while an answer is awaited does not put off when the connection counts as dead', () => {
    const { effects } = run([
      ['started', 0],
      ['due', 15_000],
      ['probe', 20_000],
      ['due', 25_000],
    ])
    expect(effects.slice(2)).toEqual([[], [{ kind: 'timedOut' }]])
  })

  test('a frame answers a heartbeat with a whole new interval', () => {
    const { effects } = run([
      ['started', 0],
      ['due', 15_000],
      ['received', 16_000],
    ])
    expect(effects[2]).toEqual([{ kind: 'setTimer', delayMs: 15_000 }])
  })

  test('[C-27] a steady heartbeat is not put off by what is heard', () => {
    const steady = { ...settings, isSteady: true, now: 0 }
    const { state } = stepHeartbeat(INITIAL_HEARTBEAT, { kind: 'started' }, steady)
    const heard = stepHeartbeat(state, { kind: 'received' }, { ...steady, now: 14_000 }).state
    const { effects } = stepHeartbeat(heard, { kind: 'due' }, { ...steady, now: 15_000 })
    expect(effects).toContainEqual({ kind: 'beat' })
  })

  test('nothing happens while it is off', () => {
    for (const kind of ['received', 'probe', 'due', 'stopped'] as const) {
      expect(run([[kind, 5]])).toEqual({ state: { name: 'off' }, effects: [[]] })
    }
  })
})

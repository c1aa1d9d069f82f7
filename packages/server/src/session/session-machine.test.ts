import { describe, expect, test } from 'vitest'
import { NEW_SESSION, type SessionEvent, type SessionState, stepSession } from './session-machine'

const drop = (generation: number, graceMs = 10_000): SessionEvent => ({
  kind: 'drop',
  generation,
  reason: 'timeout',
  graceMs,
})

/** The state after the events, and everything that was to be done on the way. */
function play(...events: SessionEvent[]) {
  let state: SessionState = NEW_SESSION
  const effects = events.flatMap((event) => {
    const step = stepSession(state, event)
    state = step.state
    return step.effects
  })
  return { state: state as SessionState, effects }
}

describe('[S-6] a session outlives its connection by the grace', () => {
  test('dropped, it sleeps and waits', () => {
    expect(play(drop(0))).toEqual({
      state: { name: 'lingering', generation: 0, reason: 'timeout' },
      effects: [{ kind: 'sleep' }, { kind: 'startGrace', graceMs: 10_000 }],
    })
  })

  test('resumed in time, it lives on, and nobody leaves', () => {
    const { state, effects } = play(drop(0), { kind: 'attach' })
    expect(state).toEqual({ name: 'live', generation: 1 })
    expect(effects.map(({ kind }) => kind)).toEqual(['sleep', 'startGrace', 'cancelGrace'])
  })

  test('waited for in vain, it leaves for the reason of the drop', () => {
    const { state, effects } = play(drop(0), { kind: 'graceElapsed' })
    expect(state).toEqual({ name: 'gone' })
    expect(effects.at(-1)).toEqual({ kind: 'leave', reason: 'timeout' })
  })

  test.each([0, -1])('dropped with a grace of %d, it leaves at once', (graceMs) => {
    expect(play(drop(0, graceMs))).toEqual({
      state: { name: 'gone' },
      effects: [{ kind: 'leave', reason: 'timeout' }],
    })
  })

  test('ended while it waits, it leaves at once, for that reason', () => {
    const { effects } = play(drop(0), { kind: 'end', reason: 'kicked' })
    expect(effects.slice(2)).toEqual([{ kind: 'cancelGrace' }, { kind: 'leave', reason: 'kicked' }])
  })
})

describe('[S-5] a connection that ends late takes nothing with it', () => {
  test('the drop of an older generation is of no consequence', () => {
    const { state, effects } = play({ kind: 'attach' }, drop(0))
    expect(state).toEqual({ name: 'live', generation: 1 })
    expect(effects).toEqual([{ kind: 'sleep' }, { kind: 'supersede' }])
  })

  test('and so it is after the newer one was dropped, too', () => {
    const { effects } = play({ kind: 'attach' }, drop(1), drop(0))
    expect(effects.filter(({ kind }) => kind === 'leave')).toEqual([])
    expect(effects.filter(({ kind }) => kind === 'startGrace')).toHaveLength(1)
  })

  test('a grace that elapses after the session was resumed is of no consequence', () => {
    expect(play(drop(0), { kind: 'attach' }, { kind: 'graceElapsed' }).state.name).toBe('live')
  })
})

test('what is gone stays gone, and leaves once', () => {
  const { state, effects } = play(
    { kind: 'end', reason: 'left' },
    { kind: 'end', reason: 'kicked' },
    drop(0),
    { kind: 'attach' },
    { kind: 'graceElapsed' },
  )
  expect(state).toEqual({ name: 'gone' })
  expect(effects).toEqual([{ kind: 'leave', reason: 'left' }])
})

describe('[S-26] another node goes on with it', () => {
  test('while a connection holds it: that one is closed, and nobody leaves', () => {
    const { state, effects } = play({ kind: 'yield' })
    expect([state, effects]).toEqual([{ name: 'gone' }, [{ kind: 'supersede' }, { kind: 'giveUp' }]])
  })

  test('while it waits for a connection: it waits no more, and nobody leaves', () => {
    const { state, effects } = play(drop(0), { kind: 'yield' })
    expect(state).toEqual({ name: 'gone' })
    expect(effects.slice(2)).toEqual([{ kind: 'cancelGrace' }, { kind: 'giveUp' }])
  })
})

import { describe, expect, test } from 'vitest'
import { NEW_SESSION, type SessionEvent, type SessionState, stepSession } from './session-machine'

const disconnect = (generation: number, graceMs = 10_000): SessionEvent => ({
  kind: 'disconnect',
  generation,
  reason: 'timeout',
  graceMs,
})

/** The state after the events, and all effects on the way. */
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
  test('a lost connection pauses its channels and starts the grace', () => {
    expect(play(disconnect(0))).toEqual({
      state: { name: 'disconnected', generation: 0, reason: 'timeout' },
      effects: [{ kind: 'pauseChannels' }, { kind: 'startGrace', graceMs: 10_000 }],
    })
  })

  test('a resume in time keeps it alive, and no presence leaves', () => {
    const { state, effects } = play(disconnect(0), { kind: 'attach' })
    expect(state).toEqual({ name: 'live', generation: 1 })
    expect(effects.map(({ kind }) => kind)).toEqual(['pauseChannels', 'startGrace', 'cancelGrace'])
  })

  test('after the grace, its presences leave with the reason of the lost connection', () => {
    const { state, effects } = play(disconnect(0), { kind: 'graceElapsed' })
    expect(state).toEqual({ name: 'gone' })
    expect(effects.at(-1)).toEqual({ kind: 'endChannels', reason: 'timeout' })
  })

  test.each([0, -1])('with a grace of %d, its presences leave at once', (graceMs) => {
    expect(play(disconnect(0, graceMs))).toEqual({
      state: { name: 'gone' },
      effects: [{ kind: 'endChannels', reason: 'timeout' }],
    })
  })

  test('an end during the grace takes effect at once, with its own reason', () => {
    const { effects } = play(disconnect(0), { kind: 'end', reason: 'kicked' })
    expect(effects.slice(2)).toEqual([{ kind: 'cancelGrace' }, { kind: 'endChannels', reason: 'kicked' }])
  })
})

describe('[S-5] a connection that ends late does not end the session', () => {
  test('the session ignores the end of an older connection', () => {
    const { state, effects } = play({ kind: 'attach' }, disconnect(0))
    expect(state).toEqual({ name: 'live', generation: 1 })
    expect(effects).toEqual([{ kind: 'pauseChannels' }, { kind: 'supersede' }])
  })

  test('the session ignores it after the newer connection was lost, too', () => {
    const { effects } = play({ kind: 'attach' }, disconnect(1), disconnect(0))
    expect(effects.filter(({ kind }) => kind === 'endChannels')).toEqual([])
    expect(effects.filter(({ kind }) => kind === 'startGrace')).toHaveLength(1)
  })

  test('the session ignores a grace that elapses after a resume', () => {
    expect(play(disconnect(0), { kind: 'attach' }, { kind: 'graceElapsed' }).state.name).toBe('live')
  })
})

test('a session that is gone stays gone, and its channels end once', () => {
  const { state, effects } = play(
    { kind: 'end', reason: 'left' },
    { kind: 'end', reason: 'kicked' },
    disconnect(0),
    { kind: 'attach' },
    { kind: 'graceElapsed' },
  )
  expect(state).toEqual({ name: 'gone' })
  expect(effects).toEqual([{ kind: 'endChannels', reason: 'left' }])
})

describe('[S-26] another node claims it', () => {
  test('while a connection holds it: the connection closes, and no presence leaves', () => {
    const { state, effects } = play({ kind: 'handOff' })
    expect([state, effects]).toEqual([{ name: 'gone' }, [{ kind: 'supersede' }, { kind: 'handOffChannels' }]])
  })

  test('during the grace: the grace is cancelled, and no presence leaves', () => {
    const { state, effects } = play(disconnect(0), { kind: 'handOff' })
    expect(state).toEqual({ name: 'gone' })
    expect(effects.slice(2)).toEqual([{ kind: 'cancelGrace' }, { kind: 'handOffChannels' }])
  })
})

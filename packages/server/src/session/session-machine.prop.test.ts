import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NEW_SESSION, type SessionEvent, type SessionState, stepSession } from './session-machine'

const event: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.constant<SessionEvent>({ kind: 'attach' }),
  fc.constant<SessionEvent>({ kind: 'graceElapsed' }),
  fc.constant<SessionEvent>({ kind: 'end', reason: 'left' }),
  fc.constant<SessionEvent>({ kind: 'handOff' }),
  fc.record({
    kind: fc.constant('disconnect' as const),
    generation: fc.nat(4),
    reason: fc.constantFrom('timeout' as const, 'closed' as const),
    graceMs: fc.constantFrom(0, 1000),
  }),
)

test('[S-5, S-6, S-26] in any order of events, a session ends or is handed off once, and the grace runs only while it is disconnected', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20, size: 'max' }), (events) => {
      let state: SessionState = NEW_SESSION
      let isGraceRunning = false
      let leaves = 0
      for (const one of events) {
        // The shell cancels the timer, so that it elapses only while it runs.
        if (one.kind === 'graceElapsed' && !isGraceRunning) continue
        const before: SessionState = state
        const step = stepSession(before, one)
        state = step.state
        if (one.kind === 'graceElapsed') isGraceRunning = false
        for (const { kind } of step.effects) {
          if (kind === 'startGrace') isGraceRunning = true
          if (kind === 'cancelGrace') isGraceRunning = false
          if (kind === 'endChannels' || kind === 'handOffChannels') leaves++
        }
        expect(isGraceRunning).toBe(state.name === 'disconnected')
        expect(leaves).toBe(state.name === 'gone' ? 1 : 0)
        const isLate =
          one.kind === 'disconnect' && before.name === 'live' && one.generation !== before.generation
        if (isLate) expect(step).toEqual({ state: before, effects: [] })
      }
    }),
    { numRuns: 1000 },
  )
})

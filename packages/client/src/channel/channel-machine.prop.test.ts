import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { stepChannel } from './channel-machine'
import { type ChannelEvent, INITIAL_CHANNEL } from './channel-state'

const error = new RollcallError('refused', 'no')
const refs = fc.nat(12).map(String)
const events: fc.Arbitrary<ChannelEvent> = fc.oneof(
  fc.constantFrom('join', 'leave', 'due').map((kind) => ({ kind }) as ChannelEvent),
  fc.constantFrom('connected', 'lost').map((kind) => ({ kind }) as ChannelEvent),
  refs.map((joinRef): ChannelEvent => ({ kind: 'accepted', joinRef, response: {} })),
  fc.tuple(refs, fc.boolean()).map(
    ([joinRef, isRetryable]): ChannelEvent => ({
      kind: 'rejected',
      joinRef,
      error,
      isRetryable,
      retryAfterMs: 0,
    }),
  ),
  refs.map((joinRef): ChannelEvent => ({ kind: 'leaveConfirmed', joinRef })),
  refs.map((joinRef): ChannelEvent => ({ kind: 'ended', joinRef, error })),
  refs.map((joinRef): ChannelEvent => ({ kind: 'failed', joinRef, error })),
)

test('[C-14] whatever happens: no answer is awaited without a timer, no join outlives its connection, who waits is told', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 80, size: 'max' }), (sequence) => {
      let state = INITIAL_CHANNEL
      let isConnected = false
      let isTimed = false
      let isOwed = false
      let lastRef = 0
      for (const event of sequence) {
        // The connection comes and goes in turns, and a timer that was cleared does not fire.
        if (event.kind === 'connected' && isConnected) continue
        if (event.kind === 'lost' && !isConnected) continue
        if (event.kind === 'due' && !isTimed) continue
        if (event.kind === 'connected') isConnected = true
        if (event.kind === 'lost') isConnected = false
        if (event.kind === 'due') isTimed = false
        if (event.kind === 'join') isOwed = true
        const freshRef = String(lastRef + 1)
        const step = stepChannel(state, event, {
          topic: 't',
          isConnected,
          freshRef,
          random: 0.5,
          timeoutMs: 10_000,
          hasRetryableCodes: true,
          backoff: { baseMs: 500, capMs: 30_000 },
        })
        state = step.state
        for (const effect of step.effects) {
          if (effect.kind === 'setTimer') isTimed = effect.delayMs !== null
          if (effect.kind === 'sendJoin') {
            expect(effect.joinRef).toBe(freshRef)
            lastRef += 1
          }
          if (effect.kind === 'sendJoin' || effect.kind === 'sendLeave') expect(isConnected).toBe(true)
          if (effect.kind === 'joined' || effect.kind === 'failed') isOwed = false
        }
        const isInJoin = 'joinRef' in state
        if (isInJoin) expect(isConnected).toBe(true)
        if (state.name === 'joining' || state.name === 'leaving') expect(isTimed).toBe(true)
        if (state.name === 'waiting' && isConnected) expect(isTimed).toBe(true)
        if (['idle', 'left', 'refused'].includes(state.name)) expect(isTimed).toBe(false)
        if (state.name === 'joined') expect(isTimed).toBe(state.failures > 0)
        if (state.name === 'joined') isOwed = false
        if (state.name === 'left' || state.name === 'refused') expect(isOwed).toBe(false)
      }
    }),
    { numRuns: 500 },
  )
})

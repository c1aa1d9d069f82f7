import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { stepConnection } from './connection-machine'
import { type ConnectionEvent, INITIAL_CONNECTION } from './connection-state'

const error = new RollcallError('refused', 'no')
const events: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc
    .constantFrom(
      'connect',
      'disconnect',
      'reconnectNow',
      'opened',
      'due',
      'timedOut',
      'online',
      'offline',
      'visible',
      'suspended',
      'unloaded',
    )
    .map((kind) => ({ kind }) as ConnectionEvent),
  fc
    .constantFrom(1000, 1001, 1006, 1008, 4002, 4004)
    .map((code): ConnectionEvent => ({ kind: 'closed', close: { code, reason: '' } })),
  fc.constant<ConnectionEvent>({
    kind: 'accepted',
    session: { id: null, identity: null, isResumed: false, recoveringMs: 0 },
  }),
  fc
    .boolean()
    .map((isRetryable): ConnectionEvent => ({ kind: 'refused', error, isRetryable, retryAfterMs: 0 })),
  fc.constant<ConnectionEvent>({ kind: 'failed', error }),
  fc
    .constantFrom(null, { code: 4004, reason: 'expired' })
    .map((close): ConnectionEvent => ({ kind: 'expired', close })),
)

test('[C-1] whatever happens: a timer exactly while something is due, a watch exactly while it is meant to connect', () => {
  fc.assert(
    fc.property(
      fc.array(events, { maxLength: 60, size: 'max' }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (sequence, random) => {
        let state = INITIAL_CONNECTION
        let isTimed = false
        let isWatching = false
        let isBeating = false
        for (const event of sequence) {
          // A timer that was cleared does not fire.
          if (event.kind === 'due' && !isTimed) continue
          if (event.kind === 'due') isTimed = false
          const step = stepConnection(state, event, {
            now: 0,
            random,
            hasCloseCodes: true,
            connectTimeoutMs: 10_000,
            backoff: { baseMs: 500, capMs: 30_000 },
          })
          state = step.state
          for (const effect of step.effects) {
            if (effect.kind === 'setTimer') isTimed = effect.delayMs !== null
            if (effect.kind === 'watch') isWatching = effect.isOn
            if (effect.kind === 'heartbeat' && effect.order !== 'probe')
              isBeating = effect.order === 'started'
          }
          const isSuspended = state.name === 'waiting' && state.retryAt === null
          const isPending = ['connecting', 'handshaking', 'waiting'].includes(state.name) && !isSuspended
          expect(isTimed).toBe(isPending)
          expect(isWatching).toBe(state.name !== 'idle' && state.name !== 'closed')
          expect(isBeating).toBe(state.name === 'open')
        }
      },
    ),
  )
})

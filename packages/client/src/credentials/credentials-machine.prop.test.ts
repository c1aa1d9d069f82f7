import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { numbersOf } from '../testing-support/numbers-of'
import { stepCredentials } from './credentials-machine'
import { renewalDelay } from './credentials-renewal'
import {
  type Credentials,
  type CredentialsContext,
  type CredentialsEvent,
  type CredentialsState,
  INITIAL_CREDENTIALS,
  type Lifetime,
} from './credentials-state'

const error = new RollcallError('params_failed', 'no')
const credentials: fc.Arbitrary<Credentials> = fc
  .constantFrom('a', 'b', 'c')
  .map((token) => ({ params: new Map([['user_id', 'ada']]), token }))
const lifetime: fc.Arbitrary<Lifetime> = fc.oneof(
  fc.integer({ min: 0, max: 5_000 }),
  fc.constantFrom<Lifetime>('never', 'unknown'),
)
const fetchId = fc.nat(8)

const events: fc.Arbitrary<CredentialsEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<CredentialsEvent>({ kind: 'connect' }) },
  fc.record({ kind: fc.constant('fetched' as const), fetchId, credentials }),
  fc.record({ kind: fc.constant('failed' as const), fetchId, error: fc.constant(error) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('accepted' as const), lifetime }) },
  { weight: 2, arbitrary: fc.constant<CredentialsEvent>({ kind: 'requested', ticket: 0 }) },
  fc.record({ kind: fc.constant('refreshed' as const), lifetime }),
  fc.constant<CredentialsEvent>({ kind: 'refreshRefused', error, retryAfterMs: 0 }),
  fc.boolean().map(
    (isExpiry): CredentialsEvent => ({
      kind: 'closed',
      close: { code: isExpiry ? 4004 : 1006, reason: '' },
      isExpiry,
    }),
  ),
  fc.constantFrom<CredentialsEvent>({ kind: 'disconnected' }, { kind: 'stopped' }),
  { weight: 3, arbitrary: fc.constant<CredentialsEvent>({ kind: 'due' }) },
)

/** A sequence of events in which an answer is mostly to the latest question, as seen from outside. */
function* walk(sequence: readonly CredentialsEvent[], gaps: readonly number[], canRenew: boolean) {
  let state = INITIAL_CREDENTIALS
  let isTimed = false
  let lastTicket = 0
  let now = 0
  for (const [index, drawn] of sequence.entries()) {
    now += gaps[index % gaps.length] ?? 0
    let event = drawn
    if (event.kind === 'due' && !isTimed) continue
    if (event.kind === 'requested') event = { ...event, ticket: ++lastTicket }
    if ((event.kind === 'fetched' || event.kind === 'failed') && event.fetchId > 2)
      event = { ...event, fetchId: state.fetchId }
    if (event.kind === 'due') isTimed = false
    const context: CredentialsContext = {
      now,
      random: 0.5,
      canRenew,
      connectTimeoutMs: 10_000,
      timeoutMs: 10_000,
      backoff: { baseMs: 500, capMs: 30_000 },
    }
    const before: CredentialsState = state
    const step = stepCredentials(before, event, context)
    state = step.state
    for (const effect of step.effects) if (effect.kind === 'setTimer') isTimed = effect.delayMs !== null
    yield { before, event, state, effects: step.effects, isTimed, now }
  }
}

const walks = [
  fc.array(events, { maxLength: 80, size: 'max' }),
  fc.array(fc.nat(2_000), { minLength: 1, maxLength: 5 }),
  fc.boolean(),
] as const

test('[C-33] whatever happens: one question at a time, none without a timer, and none once nobody wants a connection', () => {
  fc.assert(
    fc.property(...walks, (sequence, gaps, canRenew) => {
      for (const { before, event, state, effects, isTimed } of walk(sequence, gaps, canRenew)) {
        const questions = effects.filter(({ kind }) => ['fetch', 'refresh', 'open'].includes(kind))
        expect(questions.length).toBeLessThanOrEqual(1)
        if (questions.some(({ kind }) => kind === 'fetch')) expect(state.fetchId).toBe(before.fetchId + 1)
        if (state.name === 'fetchingNew' || state.name === 'refreshing') expect(isTimed).toBe(true)
        if (state.name === 'idle' || state.name === 'connecting') expect(isTimed).toBe(false)
        if (before.name === 'idle' && event.kind !== 'connect')
          expect([state.name, questions]).toEqual(['idle', []])
        if (event.kind === 'stopped')
          expect(state).toEqual({ name: 'idle', lastAccepted: null, fetchId: before.fetchId })
      }
    }),
    { numRuns: 500 },
  )
})

test('[C-33] whoever asks for a renewal is answered, once', () => {
  fc.assert(
    fc.property(...walks, (sequence, gaps, canRenew) => {
      const owed = new Set<number>()
      for (const { event, state, effects } of walk(sequence, gaps, canRenew)) {
        if (event.kind === 'requested') owed.add(event.ticket)
        const settled = effects.flatMap((effect) =>
          effect.kind === 'settle' ? numbersOf(effect.tickets) : [],
        )
        for (const ticket of settled) expect(owed.delete(ticket)).toBe(true)
        if (state.name !== 'fetchingNew' && state.name !== 'refreshing') expect(owed.size).toBe(0)
      }
    }),
    { numRuns: 500 },
  )
})

test('[C-34] what the server took last stays, until the server or its time says that it is over', () => {
  fc.assert(
    fc.property(...walks, (sequence, gaps, canRenew) => {
      for (const { before, event, state, effects, now } of walk(sequence, gaps, canRenew)) {
        const isVerdict =
          event.kind === 'stopped' || (event.kind === 'closed' && event.isExpiry && before.name !== 'idle')
        const isNewer = event.kind === 'accepted' || event.kind === 'refreshed'
        if (!isVerdict && !isNewer) expect(state.lastAccepted).toEqual(before.lastAccepted)
        const lastAccepted = before.lastAccepted
        const isUsable =
          lastAccepted !== null &&
          !lastAccepted.isRejected &&
          (lastAccepted.endsAt === 'never' || now < Number(lastAccepted.endsAt))
        if (effects.some(({ kind }) => kind === 'fail')) expect(isUsable).toBe(false)
      }
    }),
    { numRuns: 500 },
  )
})

test('[C-35] the socket is told that all is over only where nothing else is left to try', () => {
  fc.assert(
    fc.property(...walks, (sequence, gaps, canRenew) => {
      for (const { before, event, effects } of walk(sequence, gaps, canRenew)) {
        if (!effects.some(({ kind }) => kind === 'expire')) continue
        if (event.kind === 'fetched') {
          expect(before.lastAccepted).toEqual({
            ...before.lastAccepted,
            credentials: event.credentials,
            isRejected: true,
          })
        } else if (event.kind === 'closed') {
          const isLastTry = before.name === 'connecting' && before.isLastTry
          expect(isLastTry || (event.isExpiry && !canRenew)).toBe(true)
        } else expect(event.kind).toBe('made or closed')
      }
    }),
    { numRuns: 500 },
  )
})

test('[C-33] a renewal is planned within the life, a minute before its end where there is room, and never at once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 45 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (life, random) => {
        const delay = renewalDelay(life, random)
        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(1_000)
        expect(delay).toBeLessThan(2 ** 31)
        if (life < 2_000) return
        expect(delay).toBeLessThanOrEqual(life * 0.8)
        if (life >= 120_000) expect(delay).toBeLessThanOrEqual(life - 60_000)
      },
    ),
  )
})

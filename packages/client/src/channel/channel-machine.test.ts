import { describe, expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { STEADY_AFTER_MS, stepChannel } from './channel-machine'
import {
  type ChannelContext,
  type ChannelEffect,
  type ChannelEvent,
  type ChannelState,
  INITIAL_CHANNEL,
} from './channel-state'

const base: ChannelContext = {
  topic: 'room:lobby',
  isConnected: true,
  freshRef: '7',
  random: 0.5,
  timeoutMs: 10_000,
  hasRetryableCodes: true,
  backoff: { baseMs: 500, capMs: 30_000 },
}
const error = new RollcallError('refused', 'no')
const accepted: ChannelEvent = { kind: 'accepted', joinRef: '7', response: { hi: 1 } }
const join: ChannelEvent = { kind: 'join' }
const leave: ChannelEvent = { kind: 'leave' }
const refusal = { kind: 'rejected', joinRef: '7', error, isRetryable: false, retryAfterMs: 0 } as const

function run(
  events: readonly ChannelEvent[],
  context: Partial<ChannelContext> = {},
  from: ChannelState = INITIAL_CHANNEL,
) {
  let state = from
  let effects: readonly ChannelEffect[] = []
  for (const event of events) ({ state, effects } = stepChannel(state, event, { ...base, ...context }))
  return { state, effects }
}
const kinds = ({ effects }: { effects: readonly ChannelEffect[] }) => effects.map(({ kind }) => kind)

const joining = run([join]).state
const joined = run([join, accepted]).state
const leaving = run([leave], {}, joined).state

describe('channel machine', () => {
  test('joins at once where there is a connection, otherwise when there is one', () => {
    expect(run([join])).toEqual({
      state: { name: 'joining', joinRef: '7', isRejoin: false, failures: 0 },
      effects: [
        { kind: 'setTimer', delayMs: 10_000 },
        { kind: 'sendJoin', joinRef: '7' },
      ],
    })
    const waiting = run([join], { isConnected: false })
    expect(waiting.state).toMatchObject({ name: 'waiting', isRejoin: false })
    expect(run([{ kind: 'connected' }], {}, waiting.state).state.name).toBe('joining')
  })

  test('is joined once the server accepts', () => {
    expect(run([accepted], {}, joining)).toEqual({
      state: { name: 'joined', joinRef: '7', failures: 0 },
      effects: [
        { kind: 'setTimer', delayMs: null },
        { kind: 'joined', response: { hi: 1 } },
      ],
    })
  })

  test('[C-43] only a refusal of a rejoin, where codes say nothing of asking again, is tried again', () => {
    const rejoining = run([{ kind: 'lost' }, { kind: 'connected' }], {}, joined).state
    const mute = { hasRetryableCodes: false }
    expect(rejoining).toMatchObject({ name: 'joining', isRejoin: true })
    expect(run([refusal], mute, rejoining)).toEqual({
      state: { name: 'waiting', isRejoin: true, failures: 1, error },
      effects: [{ kind: 'setTimer', delayMs: 250 }],
    })
    expect(run([refusal], {}, rejoining).state.name).toBe('refused')
    expect(run([refusal], mute, joining).state.name).toBe('refused')
    const unsendable = { ...refusal, error: new RollcallError('invalid_argument', 'no JSON') }
    expect(run([unsendable], mute, rejoining).state.name).toBe('refused')
  })

  test('[C-45] a join that fails on the server is told to those who wait, and tried again', () => {
    const { state, effects } = run([{ kind: 'failed', joinRef: '7', error }], {}, joining)
    expect(state).toMatchObject({ name: 'waiting', isRejoin: false, failures: 1, error })
    expect(effects).toEqual([
      { kind: 'joinFailed', error },
      { kind: 'setTimer', delayMs: 250 },
    ])
  })

  test('join does nothing while joining or joined', () => {
    for (const state of [joining, joined]) expect(run([join], {}, state)).toEqual({ state, effects: [] })
  })

  test('[C-6] what the server says to an earlier join changes nothing', () => {
    const late: ChannelEvent[] = [
      { kind: 'accepted', joinRef: '3', response: {} },
      { ...refusal, joinRef: '3' },
      { kind: 'ended', joinRef: '3', error },
      { kind: 'failed', joinRef: '3', error },
      { kind: 'leaveConfirmed', joinRef: '3' },
    ]
    const waiting = run([join], { isConnected: false }).state
    for (const state of [joining, joined, leaving, waiting, INITIAL_CHANNEL]) {
      for (const event of late) expect(run([event], {}, state)).toEqual({ state, effects: [] })
    }
  })

  test('a refusal is final, unless the same request may succeed later', () => {
    expect(run([refusal], {}, joining)).toMatchObject({
      state: { name: 'refused', error },
      effects: [
        { kind: 'setTimer', delayMs: null },
        { kind: 'failed', error },
      ],
    })
    const retry = run([{ ...refusal, isRetryable: true, retryAfterMs: 5_000 }], {}, joining)
    expect(retry).toMatchObject({
      state: { name: 'waiting', failures: 1, error },
      effects: [{ kind: 'setTimer', delayMs: 5_000 }],
    })
    expect(run([{ kind: 'due' }], {}, retry.state).state).toMatchObject({ name: 'joining', failures: 1 })
    expect(run([join], {}, run([refusal], {}, joining).state).state.name).toBe('joining')
  })

  test('[C-22] a join without an answer is tried again, later each time, and not left in between', () => {
    const first = run([{ kind: 'due' }], {}, joining)
    expect(first).toMatchObject({
      state: { name: 'waiting', failures: 1, error: { code: 'timeout' } },
      effects: [{ kind: 'setTimer', delayMs: 250 }],
    })
    const second = run([{ kind: 'due' }, { kind: 'due' }], { freshRef: '9' }, first.state)
    expect(second.effects).toEqual([{ kind: 'setTimer', delayMs: 500 }])
  })

  test('a join without an answer says which, after how long, and what happens next', () => {
    expect(run([{ kind: 'due' }], {}, joining).state).toMatchObject({
      error: {
        message: 'The join of "room:lobby" got no reply within 10000 ms. The client tries again.',
      },
    })
  })

  test('a join whose connection is lost waits for the next one, without a timer, and is no rejoin', () => {
    const retried = run([{ kind: 'due' }, { kind: 'due' }], {}, joining).state
    expect(retried).toMatchObject({ name: 'joining', failures: 1 })
    expect(run([{ kind: 'lost' }], {}, retried)).toEqual({
      state: { name: 'waiting', isRejoin: false, failures: 1, error: null },
      effects: [{ kind: 'setTimer', delayMs: null }],
    })
  })

  test('[C-15] a lost connection leads to a rejoin with a join ref of its own', () => {
    const lost = run([{ kind: 'lost' }], {}, joined)
    expect(lost).toMatchObject({
      state: { name: 'waiting', isRejoin: true },
      effects: [{ kind: 'setTimer', delayMs: null }, { kind: 'disconnected' }],
    })
    expect(run([{ kind: 'connected' }], { freshRef: '12' }, lost.state)).toMatchObject({
      state: { name: 'joining', joinRef: '12', isRejoin: true },
      effects: [{ kind: 'setTimer' }, { kind: 'sendJoin', joinRef: '12' }],
    })
  })

  test('the timer of a retry does not join without a connection', () => {
    const waiting = run([{ kind: 'due' }], {}, joining).state
    const lost = run([{ kind: 'lost' }], { isConnected: false }, waiting)
    expect(lost.effects).toEqual([{ kind: 'setTimer', delayMs: null }])
    expect(run([{ kind: 'due' }], { isConnected: false }, lost.state).state.name).toBe('waiting')
  })

  test('a channel that failed on the server is joined again', () => {
    const failed = run([{ kind: 'failed', joinRef: '7', error }], {}, joined)
    expect(failed).toMatchObject({ state: { name: 'waiting', isRejoin: true, error } })
    expect(kinds(failed)).toEqual(['disconnected', 'setTimer'])
  })

  test('[C-28] one that fails soon after each join is joined ever more slowly, until a join has lasted', () => {
    const failed: ChannelEvent = { kind: 'failed', joinRef: '7', error }
    let state: ChannelState = joined
    const delays = [1, 2, 3].map(() => {
      const step = run([failed], {}, state)
      state = run([{ kind: 'due' }, accepted], {}, step.state).state
      return step.effects.find(({ kind }) => kind === 'setTimer')
    })
    expect(delays).toEqual([250, 500, 1_000].map((delayMs) => ({ kind: 'setTimer', delayMs })))
    expect(
      run([accepted], {}, run([{ kind: 'due' }], {}, run([failed], {}, joined).state).state),
    ).toMatchObject({
      state: { name: 'joined', failures: 1 },
      effects: [{ kind: 'setTimer', delayMs: STEADY_AFTER_MS }, { kind: 'joined' }],
    })
    const lasting = run([{ kind: 'due' }], {}, state)
    expect(lasting).toEqual({ state: joined, effects: [] })
  })

  test('leaves in order, also while joining', () => {
    for (const state of [joining, joined]) {
      const left = run([leave], {}, state)
      expect(left.state).toEqual({ name: 'leaving', joinRef: '7', isToRejoin: false })
      expect(kinds(left)).toEqual(['failed', 'sendLeave', 'setTimer'])
    }
    expect(run([accepted], {}, leaving)).toEqual({ state: leaving, effects: [] })
  })

  test('[C-22] has left once the server answers, ends the channel, is lost, or takes too long', () => {
    const ends: ChannelEvent[] = [
      { kind: 'leaveConfirmed', joinRef: '7' },
      { kind: 'ended', joinRef: '7', error },
      { kind: 'failed', joinRef: '7', error },
    ]
    for (const event of ends) {
      const left = run([event], {}, leaving)
      expect(left.state).toEqual({ name: 'left', error: null })
      expect(kinds(left)).toEqual(['setTimer', 'left'])
    }
    // The leave may not have arrived, so it is sent again later.
    for (const kind of ['lost', 'due'] as const) {
      const left = run([{ kind }], {}, leaving)
      expect(left.state).toEqual({ name: 'left', error: null })
      expect(kinds(left)).toEqual(['leaveLater', 'setTimer', 'left'])
    }
  })

  test('leaves at once where the server knows nothing of it', () => {
    const refused = run([refusal], {}, joining).state
    for (const state of [INITIAL_CHANNEL, refused]) {
      const left = run([leave], {}, state)
      expect(left.state).toEqual({ name: 'left', error: null })
      expect(kinds(left)).toEqual(['setTimer', 'failed', 'left'])
    }
  })

  test('[C-22] leaves at once while away, and has the server told when it can be', () => {
    const waiting = run([join], { isConnected: false }).state
    for (const state of [waiting, run([{ kind: 'lost' }], {}, joined).state]) {
      const left = run([leave], {}, state)
      expect(left.state).toEqual({ name: 'left', error: null })
      expect(kinds(left)).toEqual(['setTimer', 'leaveLater', 'failed', 'left'])
    }
  })

  test('[C-22] a join while leaving begins when the leave is through, unless it is taken back', () => {
    const again = run([join], {}, leaving).state
    const step = run([{ kind: 'leaveConfirmed', joinRef: '7' }], { freshRef: '9' }, again)
    expect(step.state).toMatchObject({ name: 'joining', joinRef: '9', isRejoin: false })
    expect(kinds(step)).toEqual(['left', 'setTimer', 'sendJoin'])
    const away = run([{ kind: 'lost' }], {}, again)
    expect(away.state).toEqual({ name: 'waiting', isRejoin: false, failures: 0, error: null })
    // Without the timer of the leave, which would take the wait for the next connection for one that is over.
    expect(away.effects).toEqual([
      { kind: 'leaveLater' },
      { kind: 'left' },
      { kind: 'setTimer', delayMs: null },
    ])
    expect(run([leave, { kind: 'leaveConfirmed', joinRef: '7' }], {}, again).state.name).toBe('left')
  })

  test('ends when the server says so, for its reason', () => {
    for (const state of [joining, joined]) {
      const end = run([{ kind: 'ended', joinRef: '7', error }], {}, state)
      expect(end.state).toEqual({ name: 'left', error })
      expect(kinds(end)).toEqual(['setTimer', 'failed', 'left'])
    }
  })

  test('can be joined again after it has left', () => {
    expect(run([{ kind: 'due' }, join], {}, leaving).state.name).toBe('joining')
  })
})

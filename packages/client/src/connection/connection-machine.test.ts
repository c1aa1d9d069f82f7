import { CLOSE_CODES, shouldReconnect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { EXPIRED_CODE } from './connection-errors'
import { stepConnection } from './connection-machine'
import {
  type ConnectionContext,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  INITIAL_CONNECTION,
} from './connection-state'
import { PROVEN_AFTER_MS } from './connection-transitions'

const base: ConnectionContext = {
  now: 1_000,
  random: 0.5,
  hasCloseCodes: true,
  connectTimeoutMs: 10_000,
  backoff: { baseMs: 500, capMs: 30_000 },
}
const session = { id: 's1', identity: { id: 'ada' }, isResumed: false, recoveringMs: 0 }
const welcomed: ConnectionEvent = { kind: 'accepted', session }
const broken: ConnectionEvent = { kind: 'closed', close: { code: 1006, reason: '' } }

function run(
  events: readonly ConnectionEvent[],
  context: Partial<ConnectionContext> = {},
  from: ConnectionState = INITIAL_CONNECTION,
) {
  let state = from
  let effects: readonly ConnectionEffect[] = []
  for (const event of events) ({ state, effects } = stepConnection(state, event, { ...base, ...context }))
  return { state, effects }
}

const toOpen: ConnectionEvent[] = [{ kind: 'connect' }, { kind: 'opened' }, welcomed]
const openState = run(toOpen).state
const waitingState = run([{ kind: 'connect' }, broken]).state

describe('socket machine', () => {
  test('connects: transport, hello, open', () => {
    expect(run(toOpen.slice(0, 1))).toMatchObject({
      state: { name: 'connecting', attempt: 1 },
      effects: [{ kind: 'watch', isOn: true }, { kind: 'setTimer', delayMs: 10_000 }, { kind: 'open' }],
    })
    expect(run(toOpen.slice(0, 2))).toMatchObject({
      state: { name: 'handshaking' },
      effects: [{ kind: 'sendHello' }],
    })
    expect(run(toOpen)).toMatchObject({
      state: { name: 'open', openedAt: 1_000, session: { id: 's1', identity: { id: 'ada' } }, error: null },
      effects: [
        { kind: 'setTimer', delayMs: null },
        { kind: 'heartbeat', order: 'started' },
      ],
    })
  })

  test('connect does nothing where it has been done', () => {
    for (const state of [run([{ kind: 'connect' }]).state, openState, waitingState]) {
      expect(run([{ kind: 'connect' }], {}, state)).toEqual({ state, effects: [] })
    }
  })

  test('[C-2] waits longer after each failure, and from the start again after a connection that was good', () => {
    const later = { now: 1_000 + PROVEN_AFTER_MS }
    expect(waitingState).toMatchObject({ name: 'waiting', attempt: 1, retryAt: 1_500 })
    const second = run([{ kind: 'due' }, broken], {}, waitingState)
    expect(second).toMatchObject({
      state: { attempt: 2, retryAt: 2_000 },
      effects: [{ kind: 'setTimer', delayMs: 1_000 }],
    })
    expect(run([broken], later, openState).state).toMatchObject({ attempt: 0, retryAt: later.now + 250 })
  })

  test('[C-2] a connection that ends as soon as it opened counts as a failure', () => {
    let state = openState
    for (let failures = 1; failures < 5; failures++) {
      state = run([broken], {}, state).state
      expect(state).toMatchObject({ name: 'waiting', attempt: failures })
      state = run([{ kind: 'due' }, { kind: 'opened' }, welcomed], {}, state).state
    }
  })

  test('[C-2] a connection that breaks before the server has answered the hello is a failure, told to the channels', () => {
    expect(run([...toOpen.slice(0, 2), broken])).toMatchObject({
      state: { name: 'waiting', attempt: 1, lastClose: { code: 1006 } },
      effects: [
        { kind: 'setTimer', delayMs: 500 },
        { kind: 'lost', isFinal: false },
      ],
    })
    const refused: ConnectionEvent = { kind: 'closed', close: { code: 1008, reason: '' } }
    expect(run([...toOpen.slice(0, 2), refused]).state).toMatchObject({
      name: 'closed',
      error: { code: 'refused' },
    })
  })

  test('[C-2] a connection is proven by how long it lasted, at whatever time of the clock', () => {
    const openedAt = 1_800_000_000_000
    const open = run(toOpen, { now: openedAt }).state
    expect(run([broken], { now: openedAt + PROVEN_AFTER_MS - 1 }, open).state).toMatchObject({ attempt: 1 })
    expect(run([broken], { now: openedAt + PROVEN_AFTER_MS }, open).state).toMatchObject({ attempt: 0 })
  })

  test('[C-3] remembers whether the network is there, in every state, and does no more where that is all', () => {
    const closed = run([{ kind: 'disconnect' }], {}, openState).state
    for (const from of [INITIAL_CONNECTION, closed, ...[1, 2].map((n) => run(toOpen.slice(0, n)).state)]) {
      const offline = run([{ kind: 'offline' }], {}, from)
      expect(offline).toEqual({ state: { ...from, isOnline: false }, effects: [] })
    }
    for (const from of [INITIAL_CONNECTION, closed])
      expect(run([{ kind: 'offline' }, { kind: 'online' }], {}, from)).toEqual({ state: from, effects: [] })
    for (const from of [openState, waitingState]) {
      const offline = run([{ kind: 'offline' }], {}, from).state
      expect([offline.isOnline, run([{ kind: 'online' }], {}, offline).state.isOnline]).toEqual([false, true])
    }
  })

  test('a hint that says nothing new is no other state, of which listeners would be told', () => {
    for (const from of [INITIAL_CONNECTION, openState]) {
      expect(run([{ kind: 'online' }], {}, from).state).toBe(from)
      const offline = run([{ kind: 'offline' }], {}, from).state
      expect(run([{ kind: 'offline' }], {}, offline).state).toBe(offline)
    }
  })

  test('[C-3] while the network is said to be gone it waits for capMs, whatever chance says', () => {
    const offline = run([{ kind: 'offline' }], {}, waitingState)
    expect(offline).toMatchObject({
      state: { name: 'waiting', retryAt: 31_000, isOnline: false, attempt: 1 },
      effects: [{ kind: 'setTimer', delayMs: 30_000 }],
    })
    const lostOffline = run([{ kind: 'offline' }, broken], { random: 0 }, openState)
    expect(lostOffline).toMatchObject({ state: { name: 'waiting', retryAt: 31_000 } })
    expect(lostOffline.effects[0]).toEqual({ kind: 'setTimer', delayMs: 30_000 })
    expect(run([{ kind: 'due' }], {}, lostOffline.state).state.name).toBe('connecting')
  })

  test('[C-3] an attempt that began while the network was gone begins again when it is back', () => {
    for (const events of [toOpen.slice(0, 1), toOpen.slice(0, 2)]) {
      const { state, effects } = run([...events, { kind: 'offline' }, { kind: 'online' }])
      expect(state).toMatchObject({ name: 'connecting', attempt: 1, isOnline: true })
      const close = { code: 4001, reason: 'online' }
      expect(effects).toEqual([
        { kind: 'close', close, isGoodbye: false },
        // Channels joined along with the hello: those joins come to nothing, and the socket comes back.
        ...(events.length === 2 ? [{ kind: 'lost', isFinal: false }] : []),
        { kind: 'setTimer', delayMs: 10_000 },
        { kind: 'open' },
      ])
      expect(run([...events, { kind: 'online' }])).toEqual({ state: run(events).state, effects: [] })
    }
  })

  test.each([
    ['suspended', 4005],
    ['unloaded', 4006],
  ] as const)('[C-38] a page that is %s parts with %i, and connects again when it goes on', (kind, code) => {
    const { state, effects } = run([{ kind }], { now: 1_000 + PROVEN_AFTER_MS }, openState)
    expect(state).toMatchObject({
      name: 'waiting',
      attempt: 0,
      retryAt: null,
      session,
      lastClose: { code },
      error: { code: 'disconnected' },
    })
    expect(effects).toEqual([
      { kind: 'setTimer', delayMs: null },
      { kind: 'closeGracefully', close: { code, reason: kind } },
      { kind: 'heartbeat', order: 'stopped' },
      { kind: 'lost', isFinal: false },
    ])
    expect(run([{ kind: 'visible' }], {}, state).state).toMatchObject({ name: 'connecting', attempt: 1 })
    expect(run([{ kind }], {}, waitingState)).toMatchObject({
      state: { name: 'waiting', retryAt: null },
      effects: [{ kind: 'setTimer', delayMs: null }],
    })
    expect(run([{ kind }])).toEqual({ state: INITIAL_CONNECTION, effects: [] })
  })

  test('[C-3] online, visible and reconnect_now retry at once', () => {
    for (const kind of ['online', 'visible', 'reconnectNow'] as const) {
      for (const state of [waitingState, run([{ kind: 'offline' }], {}, waitingState).state]) {
        expect(run([{ kind }], {}, state)).toMatchObject({
          state: { name: 'connecting', attempt: 2 },
          effects: [{ kind: 'setTimer', delayMs: 10_000 }, { kind: 'open' }],
        })
      }
    }
  })

  test('hints while open ask whether the connection is still there', () => {
    for (const kind of ['online', 'offline', 'visible'] as const) {
      const { state, effects } = run([{ kind }], {}, openState)
      expect(state.name).toBe('open')
      expect(effects).toEqual([{ kind: 'heartbeat', order: 'probe' }])
    }
  })

  test('[C-4] gives up a server that does not answer, before and after the upgrade', () => {
    for (const events of [toOpen.slice(0, 1), toOpen.slice(0, 2)]) {
      const { state, effects } = run([...events, { kind: 'due' }])
      expect(state).toMatchObject({ name: 'waiting', error: { code: 'timeout' }, lastClose: { code: 4001 } })
      expect(effects).toContainEqual({
        kind: 'close',
        close: { code: 4001, reason: 'connect_timeout' },
        isGoodbye: false,
      })
    }
  })

  test('[C-4] a dead connection is dropped, its channels told, and tried again', () => {
    const { state, effects } = run([{ kind: 'timedOut' }], {}, openState)
    expect(state).toMatchObject({ name: 'waiting', error: { code: 'disconnected' } })
    expect(effects.map(({ kind }) => kind)).toEqual(['setTimer', 'close', 'heartbeat', 'lost'])
    const close = { code: 4001, reason: 'heartbeat_timeout' }
    expect(effects).toContainEqual({ kind: 'close', close, isGoodbye: false })
  })

  test('[C-15] a close code decides whether it comes back', () => {
    for (const code of [...Object.keys(CLOSE_CODES).map(Number), 1006, 4711]) {
      if (code === EXPIRED_CODE) continue
      const { state, effects } = run([{ kind: 'closed', close: { code, reason: 'why' } }], {}, openState)
      expect([code, state.name]).toEqual([code, shouldReconnect(code) ? 'waiting' : 'closed'])
      expect(state.lastClose).toEqual({ code, reason: 'why' })
      expect(state.error).toBeInstanceOf(RollcallError)
      expect(effects).toContainEqual({ kind: 'lost', isFinal: !shouldReconnect(code) })
    }
    expect(
      run([{ kind: 'closed', close: { code: 4002, reason: '' } }], {}, openState).state.error?.code,
    ).toBe('kicked')
    expect(
      run([{ kind: 'closed', close: { code: 1008, reason: '' } }], {}, openState).state.error?.code,
    ).toBe('refused')
  })

  test('[C-15, C-35] ends with no more to do than to stop what runs, where there is no transport left to close', () => {
    const close = { code: 4002, reason: 'why' }
    for (const kind of ['closed', 'expired'] as const)
      expect(run([{ kind, close }], {}, openState).effects).toEqual([
        { kind: 'setTimer', delayMs: null },
        { kind: 'heartbeat', order: 'stopped' },
        { kind: 'lost', isFinal: true },
        { kind: 'watch', isOn: false },
      ])
  })

  test('[C-35] comes back from an expiry where there may be something to come back with, and else ends', () => {
    const close = { code: EXPIRED_CODE, reason: 'expired' }
    expect(run([{ kind: 'closed', close }], {}, openState)).toMatchObject({
      state: { name: 'waiting', lastClose: close },
      effects: [{ kind: 'setTimer' }, { kind: 'heartbeat' }, { kind: 'lost', isFinal: false }],
    })
    for (const from of [run(toOpen.slice(0, 1)).state, run(toOpen.slice(0, 2)).state, openState]) {
      const { state, effects } = run([{ kind: 'expired', close }], {}, from)
      expect(state).toMatchObject({
        name: 'closed',
        session: null,
        lastClose: close,
        error: { code: 'expired' },
      })
      expect(effects).toContainEqual({ kind: 'lost', isFinal: true })
    }
    const untried = run(
      [{ kind: 'closed', close }, { kind: 'due' }, { kind: 'expired', close: null }],
      {},
      openState,
    )
    expect(untried.state).toMatchObject({ name: 'closed', lastClose: close, error: { code: 'expired' } })
  })

  test('[C-30] no close code keeps it away where they are not the protocol’s own', () => {
    for (const code of [...Object.keys(CLOSE_CODES).map(Number), 1006, 4711]) {
      const closed: ConnectionEvent = { kind: 'closed', close: { code, reason: '' } }
      const { state, effects } = run([closed], { hasCloseCodes: false }, openState)
      expect([code, state.name, state.error?.code]).toEqual([code, 'waiting', 'disconnected'])
      expect(effects).toContainEqual({ kind: 'lost', isFinal: false })
    }
  })

  test('an unwelcome client ends, or waits for as long as the server asks', () => {
    const error = new RollcallError('refused', 'no')
    const greeting = run(toOpen.slice(0, 2)).state
    const event = { kind: 'refused', error, retryAfterMs: 0, isRetryable: false } as const
    expect(run([event], {}, greeting).state).toMatchObject({ name: 'closed', error })
    expect(run([{ ...event, isRetryable: true, retryAfterMs: 60_000 }], {}, greeting).state).toMatchObject({
      name: 'waiting',
      retryAt: 61_000,
      error,
    })
  })

  test('an unwelcome client takes leave of the server, and its channels are told whether it comes back', () => {
    const error = new RollcallError('refused', 'no')
    const greeting = run(toOpen.slice(0, 2)).state
    const goodbye = { kind: 'close', close: { code: 1000, reason: 'goodbye' }, isGoodbye: true }
    const unwelcome = (isRetryable: boolean): ConnectionEvent => ({
      kind: 'refused',
      error,
      retryAfterMs: 0,
      isRetryable,
    })
    expect(run([unwelcome(false)], {}, greeting).effects).toEqual([
      { kind: 'setTimer', delayMs: null },
      { kind: 'heartbeat', order: 'stopped' },
      goodbye,
      { kind: 'lost', isFinal: true },
      { kind: 'watch', isOn: false },
    ])
    expect(run([unwelcome(true)], {}, greeting).effects).toEqual([
      { kind: 'setTimer', delayMs: 500 },
      goodbye,
      { kind: 'lost', isFinal: false },
    ])
  })

  test('[C-1] disconnect clears the timer, parts with the transport and stops watching, from every state', () => {
    const states = [run([{ kind: 'connect' }]).state, run(toOpen.slice(0, 2)).state, openState, waitingState]
    for (const from of states) {
      const { state, effects } = run([{ kind: 'disconnect' }], {}, from)
      expect(state).toMatchObject({ name: 'closed', error: null, session: null })
      expect(effects).toContainEqual({ kind: 'setTimer', delayMs: null })
      expect(effects).toContainEqual({ kind: 'heartbeat', order: 'stopped' })
      expect(effects).toContainEqual({
        kind: 'close',
        close: { code: 1000, reason: 'goodbye' },
        isGoodbye: true,
      })
      expect(effects).toContainEqual({ kind: 'lost', isFinal: true })
      expect(effects).toContainEqual({ kind: 'watch', isOn: false })
    }
    expect(run([{ kind: 'disconnect' }]).state.name).toBe('idle')
  })

  test('connect begins anew after a disconnect', () => {
    expect(run([{ kind: 'disconnect' }, { kind: 'connect' }], {}, openState).state).toMatchObject({
      name: 'connecting',
      attempt: 1,
      lastClose: null,
    })
  })

  test('the identity is kept while away', () => {
    expect(run([broken], {}, openState).state.session?.identity).toEqual({ id: 'ada' })
  })

  test('params that fail count as an attempt', () => {
    const error = new RollcallError('params_failed', 'no token')
    expect(run([{ kind: 'connect' }, { kind: 'failed', error }])).toMatchObject({
      state: { name: 'waiting', attempt: 1, error },
      effects: [{ kind: 'setTimer', delayMs: 500 }],
    })
  })
})

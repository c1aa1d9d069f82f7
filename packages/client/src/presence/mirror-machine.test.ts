import { describe, expect, test } from 'vitest'
import {
  INITIAL_MIRROR,
  isStale,
  type MirrorContext,
  type MirrorEffect,
  type MirrorEvent,
  type MirrorState,
  stepMirror,
} from './mirror-machine'

const context: MirrorContext = { random: 0.5, timeoutMs: 10_000, backoff: { baseMs: 500, capMs: 30_000 } }
const snapshot = (seq: number, epoch = 'e1') => ({ epoch, seq, digest: 0, presences: [] })
const state = (seq: number, epoch?: string): MirrorEvent => ({
  kind: 'state',
  snapshot: snapshot(seq, epoch),
})
const diff = (base: number, seq = base + 1, epoch = 'e1'): MirrorEvent => ({
  kind: 'diff',
  diff: { epoch, base, seq, digest: 0, joins: [], updates: [], leaves: [] },
})
const joined: MirrorEvent = { kind: 'joined' }
const lost: MirrorEvent = { kind: 'lost' }
const CLEAR: MirrorEffect = { kind: 'setTimer', delayMs: null }
const wrongDigest: MirrorEvent = { kind: 'compared', isEqual: false }

function run(events: readonly MirrorEvent[], from: MirrorState = INITIAL_MIRROR) {
  let current = from
  let effects: readonly MirrorEffect[] = []
  for (const event of events) ({ state: current, effects } = stepMirror(current, event, context))
  return { state: current, effects, kinds: effects.map(({ kind }) => kind) }
}
const live = run([joined, state(5)]).state

describe('mirror', () => {
  test('shows the first snapshot', () => {
    expect(run([joined, state(5)])).toMatchObject({
      state: { name: 'live', at: { epoch: 'e1', seq: 5 }, resyncCount: 0 },
      kinds: ['setTimer', 'replace'],
    })
  })

  test('[C-7] a diff before the snapshot is ignored, and so is every frame while not joined', () => {
    expect(run([joined, diff(4)])).toMatchObject({ state: { name: 'waiting', at: null }, effects: [] })
    for (const event of [diff(5), state(9)]) {
      expect(run([event]).effects).toEqual([])
      expect(run([lost, event], live).effects).toEqual([])
    }
  })

  test('[C-7] applies what follows, ignores what it holds', () => {
    expect(run([diff(5)], live)).toMatchObject({ state: { at: { seq: 6 } }, kinds: ['apply'] })
    expect(run([diff(5, 9)], live)).toMatchObject({ state: { at: { seq: 9 } }, kinds: ['apply'] })
    for (const old of [diff(4), diff(3), diff(2, 5)])
      expect(run([old], live)).toMatchObject({ state: live, effects: [] })
  })

  test('[C-7] a gap, an overlap, another epoch and a wrong digest lead to one question', () => {
    for (const event of [diff(6), diff(4, 6), diff(5, 6, 'e2'), wrongDigest]) {
      const asking = run([event], live)
      expect(asking.state).toMatchObject({ name: 'resyncing', at: { seq: 5 }, resyncCount: 1 })
      expect(isStale(asking.state)).toBe(true)
      expect(asking.effects).toEqual([{ kind: 'requestState' }, { kind: 'setTimer', delayMs: 10_000 }])
      // While the answer is due, what else does not fit is no reason to ask again.
      for (const more of [diff(7), diff(9), wrongDigest])
        expect(run([more], asking.state).effects).toEqual([])
      const answered = run([state(8)], asking.state)
      expect(answered).toMatchObject({
        state: { name: 'live', at: { seq: 8 } },
        kinds: ['setTimer', 'replace'],
      })
      expect(isStale(answered.state)).toBe(false)
    }
  })

  test('asks again where no answer comes', () => {
    const asking = run([diff(9)], live).state
    expect(run([{ kind: 'due' }], asking).kinds).toEqual(['requestState', 'setTimer'])
    expect(run([joined, { kind: 'due' }]).kinds).toEqual(['requestState', 'setTimer'])
    expect(run([{ kind: 'due' }, { kind: 'due' }], asking).state).toMatchObject({ resyncCount: 1 })
  })

  test('asks when the server wants it to, if it refuses', () => {
    const asking = run([diff(9)], live).state
    const refuse = (retryAfterMs: number, isRetryable = true): MirrorEvent => ({
      kind: 'syncRefused',
      isRetryable,
      retryAfterMs,
    })
    expect(run([refuse(2_000)], asking).effects).toEqual([{ kind: 'setTimer', delayMs: 2_000 }])
    expect(run([refuse(0)], asking).effects).toEqual([{ kind: 'setTimer', delayMs: 10_000 }])
    // A channel without presence has no state to give.
    expect(run([joined, { kind: 'due' }, refuse(0, false)]).effects).toEqual([
      { kind: 'setTimer', delayMs: null },
    ])
  })

  test('asks by itself where the server sends no state after a join, and in vain no sooner than that', () => {
    expect(run([joined]).effects).toEqual([{ kind: 'setTimer', delayMs: 10_000 }])
    const refuse = (retryAfterMs: number): MirrorEvent => ({
      kind: 'syncRefused',
      isRetryable: true,
      retryAfterMs,
    })
    expect(run([joined, { kind: 'due' }, refuse(2_000)]).effects).toEqual([
      { kind: 'setTimer', delayMs: 10_000 },
    ])
    expect(run([joined, { kind: 'due' }, refuse(20_000)]).effects).toEqual([
      { kind: 'setTimer', delayMs: 20_000 },
    ])
  })

  test('a server whose diffs never fit is asked less and less often', () => {
    let current = live
    const delays: (number | null)[] = []
    for (let round = 0; round < 4; round++) {
      const asking = run([wrongDigest], current)
      delays.push(...asking.effects.flatMap((effect) => (effect.kind === 'setTimer' ? [effect.delayMs] : [])))
      current = run([{ kind: 'due' }, state(6 + round)], asking.state).state
    }
    expect(delays).toEqual([10_000, 250, 500, 1_000])
    // One diff that fits, and trust is back.
    const trusted = run([diff(9), { kind: 'compared', isEqual: true }], current).state
    expect(run([wrongDigest], trusted).kinds).toEqual(['requestState', 'setTimer'])
  })

  test('[C-7] a snapshot that was overtaken, or comes twice, does not go back in history', () => {
    for (const old of [state(5), state(4)])
      expect(run([old], live)).toMatchObject({ state: live, effects: [] })
    const asking = run([diff(9)], live).state
    expect(run([state(4)], asking)).toMatchObject({ state: asking, effects: [] })
    expect(run([state(5)], asking).kinds).toEqual(['setTimer', 'replace'])
  })

  test('[C-7] the answer of a server that lost its past is taken, however far behind it is', () => {
    const asking = run([diff(9)], live).state
    expect(run([state(0, 'e2')], asking)).toMatchObject({
      state: { name: 'live', at: { epoch: 'e2', seq: 0 } },
      effects: [{ kind: 'setTimer' }, { kind: 'replace', isOtherHistory: true }],
    })
  })

  test('is not stale while there is nothing to show', () => {
    for (const empty of [INITIAL_MIRROR, run([joined]).state, run([joined, lost]).state])
      expect(isStale(empty)).toBe(false)
  })

  test('takes a newer snapshot that nobody asked for, and one of another epoch', () => {
    for (const event of [state(9), state(0, 'e2')])
      expect(run([event], live).kinds).toEqual(['setTimer', 'replace'])
  })

  test('keeps its map, stale, while away, and takes whatever the server then says', () => {
    const away = run([lost], live)
    expect(away).toMatchObject({ state: { name: 'disconnected', at: { seq: 5 } }, effects: [CLEAR] })
    expect(isStale(away.state)).toBe(true)
    const back = run([joined, diff(4), diff(6), state(2)], away.state)
    expect(back).toMatchObject({
      state: { name: 'live', at: { seq: 2 }, resyncCount: 0 },
      kinds: ['setTimer', 'replace'],
    })
  })

  test('[C-7] goes on from where it stood, if the server tells what it missed', () => {
    const back = run([joined, diff(5, 9)], run([lost], live).state)
    expect(back).toMatchObject({ state: { name: 'live', at: { seq: 9 } }, kinds: ['setTimer', 'apply'] })
    // Not from a map that was found wrong: it would stay wrong.
    const unsound = run([wrongDigest, lost, joined, diff(5)], live)
    expect(unsound).toMatchObject({ state: { name: 'waiting' }, effects: [] })
    // The state that was asked for makes it right again.
    const sound = run([wrongDigest, state(5), lost, joined, diff(5)], live)
    expect(sound).toMatchObject({ state: { name: 'live', at: { seq: 6 } }, kinds: ['setTimer', 'apply'] })
  })

  test('[C-20] is told what it missed, even where that is nothing, and follows on from there', () => {
    const away = run([lost], live).state
    const back = run([joined, diff(5, 5)], away)
    expect(back).toMatchObject({ state: { name: 'live', at: { seq: 5 } }, kinds: ['setTimer', 'apply'] })
    expect(isStale(back.state)).toBe(false)
    expect(run([diff(5)], back.state).kinds).toEqual(['apply'])
    // Once more in another life of the connection: from where it stands by then.
    expect(run([lost, joined, diff(5, 9)], run([diff(5)], back.state).state).effects).toEqual([])
  })

  test('[C-7] a diff from elsewhere is not what it missed: the state is awaited', () => {
    const awaiting = run([lost, joined], live).state
    for (const other of [diff(4, 6), diff(6), diff(5, 6, 'e2'), diff(4, 5)])
      expect(run([other], awaiting)).toMatchObject({ state: awaiting, effects: [] })
    expect(run([state(3, 'e2')], awaiting)).toMatchObject({
      state: { name: 'live' },
      effects: [{ kind: 'setTimer' }, { kind: 'replace', isOtherHistory: true }],
    })
    expect(run([state(8)], awaiting).effects[1]).toMatchObject({ isOtherHistory: false })
  })

  test('[C-23] asks once the server has settled, and does not count that as a resync', () => {
    const settled: MirrorEvent = { kind: 'recovered' }
    const asking = run([settled], live)
    expect(asking).toMatchObject({
      state: { name: 'resyncing', at: { seq: 5 }, resyncCount: 0 },
      effects: [{ kind: 'requestState' }, { kind: 'setTimer', delayMs: 10_000 }],
    })
    expect(isStale(asking.state)).toBe(true)
    expect(run([{ kind: 'due' }], asking.state).kinds).toEqual(['requestState', 'setTimer'])
    expect(run([state(5)], asking.state)).toMatchObject({
      state: { name: 'live' },
      kinds: ['setTimer', 'replace'],
    })
    // Where a state is awaited already, or nobody could answer, there is nothing to ask.
    const awaiting = run([lost, joined], live).state
    for (const from of [INITIAL_MIRROR, awaiting, run([lost], live).state, asking.state])
      expect(run([settled], from)).toMatchObject({ state: from, effects: [] })
  })

  test('forgets everything when the channel is over', () => {
    for (const from of [live, run([lost], live).state, run([diff(9)], live).state, run([joined]).state]) {
      expect(run([{ kind: 'cleared' }], from)).toMatchObject({
        state: { name: 'off', at: null, isTrusted: true },
        effects: [CLEAR, { kind: 'clear' }],
      })
    }
  })

  test('asks for nothing while the connection is lost', () => {
    for (const from of [run([joined]).state, run([diff(9)], live).state])
      expect(run([lost], from)).toMatchObject({ state: { name: 'disconnected' }, effects: [CLEAR] })
  })
})

import type { PhoenixMeta } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import {
  INITIAL_PHOENIX_MIRROR,
  MAX_BUFFERED_METAS,
  type PhoenixMirrorEffect,
  type PhoenixMirrorEvent,
  type PhoenixMirrorState,
  stepPhoenixMirror,
} from './phoenix-mirror-machine'

const meta = (phxRef: string): PhoenixMeta => ({ key: 'ada', phxRef, phxRefPrev: null, meta: {} })
const crowd = (count: number) => Array.from({ length: count }, (_, i) => meta(String(i)))
const diffOf = (joins: readonly PhoenixMeta[], leaves: readonly PhoenixMeta[] = []) => ({ joins, leaves })
const diff = (...of: Parameters<typeof diffOf>): PhoenixMirrorEvent => ({
  kind: 'metas_diff',
  ...diffOf(...of),
})
const state = (...metas: PhoenixMeta[]): PhoenixMirrorEvent => ({ kind: 'metas_state', metas })
const joined: PhoenixMirrorEvent = { kind: 'joined' }
const lost: PhoenixMirrorEvent = { kind: 'lost' }
const cleared: PhoenixMirrorEvent = { kind: 'cleared' }

function run(events: readonly PhoenixMirrorEvent[], from: PhoenixMirrorState = INITIAL_PHOENIX_MIRROR) {
  let current = from
  let effects: readonly PhoenixMirrorEffect[] = []
  for (const event of events) ({ state: current, effects } = stepPhoenixMirror(current, event))
  return { state: current, effects }
}
const live = run([joined, state()]).state

/** The buffered diffs, as the next state applies them. */
function keptOf(...events: PhoenixMirrorEvent[]) {
  const [effect] = run([joined, ...events, state()]).effects
  return effect?.kind === 'replace' ? effect.diffs : []
}

describe('the mirror of a Phoenix topic', () => {
  test('hears nothing before it is joined and while the connection is lost', () => {
    for (const from of [INITIAL_PHOENIX_MIRROR, run([lost], live).state])
      for (const event of [state(), diff([meta('a')]), lost])
        expect(run([event], from)).toEqual({ state: from, effects: [] })
    expect(run([cleared])).toEqual({ state: INITIAL_PHOENIX_MIRROR, effects: [] })
  })

  test('[C-25] keeps diffs that overtook the state, and applies them after it, in their order', () => {
    const [first, second] = [diffOf([meta('a')]), diffOf([], [meta('a')])]
    const awaiting = run([joined, diff(first.joins), diff(second.joins, second.leaves)])
    expect(awaiting.effects).toEqual([])
    expect(run([state(meta('b'))], awaiting.state)).toEqual({
      state: { name: 'live', isSynced: true },
      effects: [{ kind: 'replace', metas: [meta('b')], diffs: [first, second] }],
    })
  })

  test('applies a diff at once when it has a state, and takes a later state with nothing kept', () => {
    expect(run([diff([meta('a')])], live)).toEqual({
      state: live,
      effects: [{ kind: 'apply', diff: diffOf([meta('a')]) }],
    })
    expect(run([state(meta('a'))], live).effects).toEqual([
      { kind: 'replace', metas: [meta('a')], diffs: [] },
    ])
  })

  test('keeps its map, as stale, until the state of the next join, and nothing that came before that join', () => {
    const away = run([lost], live)
    expect(away).toEqual({ state: { name: 'disconnected', isSynced: true }, effects: [] })
    expect(run([joined], away.state).state).toEqual({ name: 'waiting', isSynced: true, buffered: [] })
    for (const again of [[joined], [lost, joined]])
      expect(run([diff([meta('a')]), ...again], run([joined]).state).state).toMatchObject({ buffered: [] })
    expect(run([joined], live).state).toMatchObject({ name: 'waiting', isSynced: true })
    expect(run([joined, lost]).state).toEqual({ name: 'disconnected', isSynced: false })
  })

  test('empties its map once the channel is over, from wherever it is', () => {
    for (const from of [run([joined]).state, live, run([lost], live).state])
      expect(run([cleared], from)).toEqual({ state: INITIAL_PHOENIX_MIRROR, effects: [{ kind: 'clear' }] })
  })

  test('[C-25] keeps a bounded number of metas and of diffs for a state that never comes, the latest of them', () => {
    const half = diff(crowd(MAX_BUFFERED_METAS / 2 - 1))
    expect(keptOf(half, half)).toHaveLength(2)
    expect(keptOf(half, half, diff([]))).toEqual([diffOf(crowd(MAX_BUFFERED_METAS / 2 - 1)), diffOf([])])
    expect(keptOf(half, diff([], crowd(MAX_BUFFERED_METAS / 2)))).toHaveLength(1)
    expect(keptOf(diff(crowd(MAX_BUFFERED_METAS)))).toEqual([])
    const empty = Array.from({ length: MAX_BUFFERED_METAS + 1 }, () => ({ joins: [], leaves: [] }))
    const full: PhoenixMirrorState = { name: 'waiting', isSynced: false, buffered: empty.slice(1) }
    expect(run([diff([])], full).state).toMatchObject({ buffered: empty.slice(1) })
  })
})

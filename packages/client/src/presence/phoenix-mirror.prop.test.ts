import fc from 'fast-check'
import { expect, test } from 'vitest'
import { resolveSocketOptions } from '../options'
import { MAX_BUFFERED_METAS, type MetasDiff, stepPhoenixMirror } from './phoenix-mirror-machine'
import { PresenceFeed } from './presence-feed'

/*
 * A Phoenix server's topic as the model: metas by key, an update as a leave and a join. Its diffs come in order; its
 * state may come after diffs that were made before it, and before ones that it holds already.
 */

interface Tracked {
  readonly key: string
  readonly phxRef: string
  readonly phxRefPrev: string | null
  readonly meta: { readonly n: number }
}

const happening = fc.record({
  kind: fc.constantFrom('join' as const, 'update' as const, 'leave' as const),
  key: fc.constantFrom('ada', 'bob', '__proto__', ''),
  pick: fc.nat(9),
  // Whether the server sends it together with the one before.
  isMerged: fc.boolean(),
})

/** The states of a topic, the first one empty, and the diff that leads to each. */
function history(happenings: readonly (typeof happening extends fc.Arbitrary<infer H> ? H : never)[]) {
  let here: readonly Tracked[] = []
  const states: (readonly Tracked[])[] = [here]
  const diffs: MetasDiff[] = []
  happenings.forEach(({ kind, key, pick, isMerged }, index) => {
    const one = here[pick % Math.max(1, here.length)]
    const came: Tracked[] = []
    const went: Tracked[] = []
    if (kind === 'join') came.push({ key, phxRef: `r${index}`, phxRefPrev: null, meta: { n: index % 3 } })
    else if (one) {
      went.push(one)
      if (kind === 'update')
        came.push({ ...one, phxRef: `r${index}`, phxRefPrev: one.phxRef, meta: { n: index % 3 } })
    }
    here = [...here.filter((tracked) => !went.includes(tracked)), ...came]
    const last = isMerged ? diffs.pop() : undefined
    if (last) states.pop()
    // The tracker lists what is newest first.
    diffs.push({ joins: [...came, ...(last?.joins ?? [])], leaves: [...went, ...(last?.leaves ?? [])] })
    states.push(here)
  })
  return { states, diffs }
}

const shownBy = (feed: PresenceFeed<{ n: number }>) =>
  feed.map
    .list()
    .flatMap(({ presences }) => presences.map(({ key, meta }) => `${key} ${meta.n}`))
    .sort()
const told = (state: readonly Tracked[]) => state.map(({ key, meta }) => `${key} ${meta.n}`).sort()

test('[C-25] whatever the order of the state and the diffs around it, the map is the server’s in the end, and the events give it', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40, size: 'max' }),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 }),
      (happenings, sessions) => {
        const { states, diffs } = history(happenings)
        const feed = new PresenceFeed<{ n: number }>(
          resolveSocketOptions({}),
          () => expect.unreachable('nothing can be asked for'),
          () => 0,
          false,
        )
        const replayed = new Map<string, number>()
        feed.listeners.on('presence_join', ({ ref, meta }) => {
          expect(replayed.has(ref)).toBe(false)
          replayed.set(ref, meta.n)
        })
        feed.listeners.on('presence_update', ({ ref, meta }, previous) => {
          expect(replayed.get(ref)).toBe(previous.meta.n)
          replayed.set(ref, meta.n)
        })
        feed.listeners.on('presence_leave', ({ ref }) => void expect(replayed.delete(ref)).toBe(true))
        let from = 0
        for (const [subscribe, taken, sent] of sessions) {
          // Subscribes at one state. The state that arrives was taken then or later, and arrives then or later.
          const first = from + (subscribe % (diffs.length + 1 - from))
          const at = first + (taken % (diffs.length + 1 - first))
          const arrives = at + (sent % (diffs.length + 1 - at))
          feed.dispatch({ kind: 'joined' })
          for (const diff of diffs.slice(first, arrives)) feed.dispatch({ kind: 'metas_diff', ...diff })
          feed.dispatch({ kind: 'metas_state', metas: states[at] ?? [] })
          for (const diff of diffs.slice(arrives)) feed.dispatch({ kind: 'metas_diff', ...diff })
          expect(shownBy(feed)).toEqual(told(states.at(-1) ?? []))
          feed.dispatch({ kind: 'lost' })
          from = first
        }
        expect([...replayed.values()].sort()).toEqual(
          feed.map
            .list()
            .flatMap(({ presences }) => presences.map(({ meta }) => meta.n))
            .sort(),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('[C-25] diffs that wait for a state that never comes are bounded, the oldest go first', () => {
  const meta = (n: number): Tracked => ({ key: 'ada', phxRef: `r${n}`, phxRefPrev: null, meta: { n } })
  let { state } = stepPhoenixMirror({ name: 'off', isSynced: false }, { kind: 'joined' })
  for (let n = 0; n < 30; n++) {
    const joins = Array.from({ length: 999 }, () => meta(n))
    state = stepPhoenixMirror(state, { kind: 'metas_diff', joins, leaves: [] }).state
  }
  const kept = state.name === 'waiting' ? state.buffered : []
  expect(kept.length).toBe(MAX_BUFFERED_METAS / 1_000)
  expect(kept[0]?.joins[0]?.phxRef).toBe('r20')
})

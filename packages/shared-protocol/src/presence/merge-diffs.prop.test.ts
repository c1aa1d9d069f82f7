import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRef, type Happening, netChange, playHistory } from '../testing/history'
import { mergeDiffs } from './presence'
import { PresenceSet } from './presence-set'

const happening: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constantFrom('join', 'join', 'update', 'leave', 'cut'),
  pick: fc.nat({ max: 20 }),
  key: fc.constantFrom('ada', 'bob', '__proto__', ''),
})
const history = fc
  .array(happening, { minLength: 5, maxLength: 40, size: 'max' })
  .map(playHistory)
  .filter(({ diffs }) => diffs.length > 0)

test('[P-2, P-11] one merged diff leads where its diffs lead, one after the other, and tells the net change', () => {
  fc.assert(
    fc.property(history, ({ initial, diffs }) => {
      const step = new PresenceSet()
      const leap = new PresenceSet()
      step.replace(initial)
      leap.replace(initial)
      for (const diff of diffs) step.apply(diff)
      const merged = mergeDiffs(diffs)
      if (!merged) throw new Error('A history of one diff or more was merged into none.')
      const applied = leap.apply(merged)

      expect(byRef(leap.presences())).toEqual(byRef(step.presences()))
      expect(leap.digest).toBe(merged.digest)
      expect(merged).toMatchObject({ base: 0, seq: diffs.length })

      const net = netChange(initial, step.presences())
      expect(byRef(merged.joins)).toEqual(byRef(net.joins))
      expect(byRef(merged.leaves.map(({ presence }) => presence))).toEqual(byRef(net.leaves))
      const updates = net.updates.map(({ presence, previous }) => ({ ...presence, previous }))
      expect(byRef(merged.updates)).toEqual(byRef(updates))
      expect([...merged.appeared].sort()).toEqual(net.appeared)
      expect([...merged.disappeared].sort()).toEqual(net.disappeared)
      expect([...applied.appeared].sort()).toEqual(net.appeared)
      expect([...applied.disappeared].sort()).toEqual(net.disappeared)
    }),
    { numRuns: 300 },
  )
})

test('[P-2] it does not matter in which portions diffs are merged', () => {
  fc.assert(
    fc.property(history, fc.nat({ max: 20 }), ({ diffs }, at) => {
      const portions = [diffs.slice(0, at), diffs.slice(at)].map(mergeDiffs).filter((diff) => diff !== null)
      const inPortions = mergeDiffs(portions)
      const atOnce = mergeDiffs(diffs)
      const sorted = (diff: typeof atOnce) =>
        diff && {
          ...diff,
          joins: byRef(diff.joins),
          updates: byRef(diff.updates),
          leaves: byRef(diff.leaves),
          appeared: [...diff.appeared].sort(),
          disappeared: [...diff.disappeared].sort(),
        }
      expect(sorted(inPortions)).toEqual(sorted(atOnce))
    }),
    { numRuns: 300 },
  )
})

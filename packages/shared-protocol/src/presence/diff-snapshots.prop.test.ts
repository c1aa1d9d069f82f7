import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRef, netChange } from '../testing/history'
import type { Presence } from './presence'
import { diffSnapshots } from './presence'
import { PresenceSet } from './presence-set'

const refs = ['r1', 'r2', 'r3', 'r4', '__proto__']
const keyOf = (ref: string) => (ref > 'r2' ? 'ada' : 'bob')

/** Two states of one topic: a ref keeps its key, and its rev only grows. */
const states: fc.Arbitrary<[Presence[], Presence[]]> = fc
  .tuple(
    ...refs.map(() =>
      fc.record({ before: fc.boolean(), after: fc.boolean(), was: fc.nat(2), grew: fc.nat(2) }),
    ),
  )
  .map((all) => {
    const before: Presence[] = []
    const after: Presence[] = []
    all.forEach((one, i) => {
      const ref = refs[i]!
      if (one.before) before.push({ ref, key: keyOf(ref), rev: one.was, meta: { rev: one.was } })
      const rev = one.was + one.grew
      if (one.after) after.push({ ref, key: keyOf(ref), rev, meta: { rev } })
    })
    return [before, after]
  })

test('[P-2, P-11] diffSnapshots is the net change, and applying it leads from the one to the other', () => {
  fc.assert(
    fc.property(states, ([before, after]) => {
      const changes = diffSnapshots(before, after)
      const net = netChange(before, after)
      expect(byRef(changes.joins)).toEqual(byRef(net.joins))
      expect(byRef(changes.updates)).toEqual(
        byRef(net.updates.map(({ presence: { ref, rev, meta } }) => ({ ref, rev, meta }))),
      )
      expect(byRef(changes.leaves)).toEqual(
        byRef(net.leaves.map(({ ref, key }) => ({ ref, key, reason: 'closed' as const }))),
      )
      const set = new PresenceSet()
      set.replace(before)
      set.apply(changes)
      expect(byRef(set.presences())).toEqual(byRef(after))
    }),
    { numRuns: 500 },
  )
})

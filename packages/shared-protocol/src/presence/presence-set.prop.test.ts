import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRef, netChange } from '../testing/history'
import { digestOf } from './digest'
import { LEAVE_REASONS, type Presence, type PresenceChanges } from './presence'
import { PresenceSet } from './presence-set'

const ref = fc.constantFrom('r1', 'r2', 'r3', '__proto__', '')
const key = fc.constantFrom('ada', 'bob', 'constructor', '')
const rev = fc.nat({ max: 3 })
const meta = fc.record({ n: fc.nat({ max: 9 }) })
const presence: fc.Arbitrary<Presence> = fc.record({ ref, key, rev, meta })
const change = fc.record({
  kind: fc.constant('apply' as const),
  joins: fc.array(presence, { maxLength: 3 }),
  updates: fc.array(fc.record({ ref, rev, meta }), { maxLength: 3 }),
  leaves: fc.array(fc.record({ ref, key, reason: fc.constantFrom(...LEAVE_REASONS) }), { maxLength: 3 }),
})
/** Told by a path of its own, being most of what there is. */
const single = change.map(({ kind, joins, updates, leaves }) => ({
  kind,
  joins: joins.slice(0, 1),
  updates: joins.length > 0 ? [] : updates.slice(0, 1),
  leaves: joins.length + updates.length > 0 ? [] : leaves.slice(0, 1),
}))
const replacement = fc.record({
  kind: fc.constant('replace' as const),
  presences: fc.uniqueArray(presence, { selector: (one) => one.ref, maxLength: 5 }),
})
const steps = fc.array(
  fc.oneof({ weight: 4, arbitrary: change }, { weight: 3, arbitrary: single }, replacement),
  { maxLength: 12, size: 'max' },
)

/** The set as anybody would write it first: one map, and nothing remembered. */
class NaiveSet {
  readonly held = new Map<string, Presence>()

  apply({ joins, updates, leaves }: PresenceChanges): void {
    for (const one of joins) if (one.rev > (this.held.get(one.ref)?.rev ?? -1)) this.held.set(one.ref, one)
    for (const one of updates) {
      const was = this.held.get(one.ref)
      if (was && one.rev > was.rev) this.held.set(one.ref, { ...was, rev: one.rev, meta: one.meta })
    }
    for (const one of leaves) this.held.delete(one.ref)
  }

  replace(presences: readonly Presence[]): void {
    const before = new Map(this.held)
    this.held.clear()
    for (const one of presences) {
      const was = before.get(one.ref)
      // A meta that changed without its rev is not looked for: the digest could not tell it either.
      this.held.set(one.ref, was?.rev === one.rev && was.key === one.key ? was : one)
    }
  }
}

test('[P-2, P-3, P-4, P-11] whatever is applied, the set holds what a naive one holds and tells just the difference', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const set = new PresenceSet()
      const naive = new NaiveSet()
      for (const step of all) {
        const before = [...naive.held.values()]
        const applied = step.kind === 'apply' ? set.apply(step) : set.replace(step.presences)
        if (step.kind === 'apply') naive.apply(step)
        else naive.replace(step.presences)
        const after = [...naive.held.values()]

        expect(byRef(set.presences())).toEqual(byRef(after))
        expect(set.digest).toBe(digestOf(after))
        expect(set.size).toBe(after.length)
        const keys = new Set(after.map((one) => one.key))
        expect(new Set(set.keys())).toEqual(keys)
        expect(set.keyCount).toBe(keys.size)
        for (const one of ['ada', 'bob', 'constructor', '']) {
          expect(set.hasKey(one)).toBe(keys.has(one))
          expect(byRef(set.ofKey(one))).toEqual(byRef(after.filter((held) => held.key === one)))
        }

        const net = netChange(before, after)
        expect(byRef(applied.joins)).toEqual(byRef(net.joins))
        expect(byRef(applied.leaves.map((one) => one.presence))).toEqual(byRef(net.leaves))
        expect([...applied.appeared].sort()).toEqual(net.appeared)
        expect([...applied.disappeared].sort()).toEqual(net.disappeared)
        const told = new Map(applied.updates.map((one) => [one.presence.ref, one]))
        expect(told.size).toBe(applied.updates.length)
        for (const one of net.updates) expect(told.get(one.presence.ref)).toEqual(one)
        // A ref that only moved to another key is told as an update, too.
        for (const { presence: is, previous } of told.values()) {
          expect(is.rev !== previous.rev || is.key !== previous.key).toBe(true)
        }
      }
    }),
    { numRuns: 300 },
  )
})

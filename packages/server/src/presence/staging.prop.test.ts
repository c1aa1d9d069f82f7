import type { Presence } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change } from '../store/store'
import { Staging } from './staging'

type Step =
  | { readonly kind: 'join' | 'update' | 'leave'; readonly pick: number }
  | { readonly kind: 'take' | 'settle' | 'restore' | 'loseAnswer' }

const LANDINGS = ['take', 'settle', 'restore', 'loseAnswer'] as const

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('join' as const, 'update' as const, 'leave' as const),
      pick: fc.nat(9),
    }),
    fc.record({ kind: fc.constantFrom(...LANDINGS) }),
  ),
  { maxLength: 60, size: 'max' },
)

/** A model of the store: it applies changes one by one. */
class NaiveStore {
  readonly held = new Map<string, Presence>()

  commit(changes: readonly Change[]): void {
    for (const change of changes) {
      const held = this.held.get(change.ref)
      if (change.op === 'drop') this.held.delete(change.ref)
      else if (!held || change.rev > held.rev)
        this.held.set(change.ref, { ref: change.ref, key: change.key, meta: change.meta, rev: change.rev })
    }
  }
}

test('[S-2, S-11] with any failures of commits, the node shows every accepted change, and the store ends up with exactly those', () => {
  fc.assert(
    fc.property(steps, (all: readonly Step[]) => {
      const staging = new Staging()
      const store = new NaiveStore()
      const promised = new Map<string, Presence>()
      let flight: Change[] | null = null
      let refs = 0

      const doubtful = new Set<string>()
      const land = (how: 'settle' | 'restore' | 'loseAnswer') => {
        if (!flight) return
        if (how !== 'restore') store.commit(flight)
        if (how === 'settle') staging.confirm()
        else {
          for (const { ref } of flight) doubtful.add(ref)
          staging.restore()
        }
        flight = null
      }
      for (const step of all) {
        const one =
          'pick' in step ? [...promised.values()][step.pick % Math.max(1, promised.size)] : undefined
        if (step.kind === 'join') {
          const presence = { ref: `r${refs++}`, key: 'k', rev: 0, meta: {} }
          promised.set(presence.ref, presence)
          staging.join(presence, 'o')
        } else if (step.kind === 'update' && one) {
          const updated = { ...one, rev: one.rev + 1, meta: { rev: one.rev + 1 } }
          promised.set(one.ref, updated)
          staging.update(updated, 'o')
        } else if (step.kind === 'leave' && one) {
          promised.delete(one.ref)
          staging.leave(one.ref, 'left')
        } else if (step.kind === 'take' && !flight) {
          flight = staging.take()
          // Net changes contain each presence once, and no leave of an uncommitted one.
          expect(new Set(flight.map(({ ref }) => ref)).size).toBe(flight.length)
          for (const { op, ref } of flight)
            if (op === 'drop') expect(store.held.has(ref) || doubtful.has(ref)).toBe(true)
        } else if (step.kind === 'settle' || step.kind === 'restore' || step.kind === 'loseAnswer')
          land(step.kind)

        const seen = new Map(staging.overlay(store.held.values()).map((presence) => [presence.ref, presence]))
        expect(seen).toEqual(promised)
      }

      land('settle')
      store.commit(staging.take())
      staging.confirm()
      expect(store.held).toEqual(promised)
      expect(staging.isEmpty).toBe(true)
    }),
    { numRuns: 300 },
  )
})

import fc from 'fast-check'
import { Presence as OfficialPresence } from 'phoenix'
import { expect, test } from 'vitest'
import { mergeDiffs } from '../presence/presence'
import { PresenceSet } from '../presence/presence-set'
import { type Happening, playHistory } from '../testing/history'
import { phoenixDiff, phoenixState, phxRef } from './phoenix-presence'

const happening: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constantFrom('join', 'join', 'update', 'update', 'leave', 'cut'),
  pick: fc.nat(9),
  key: fc.constantFrom('ada', 'bob', '', '__proto__', 'constructor', '42'),
})

test('[P-17] the official client’s own functions lead to the server’s state, by every diff and by diffs merged', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60, size: 'max' }), fc.nat(4), (happenings, chunk) => {
      const { initial, diffs } = playHistory(happenings)
      const set = new PresenceSet()
      set.replace(initial)
      let held = OfficialPresence.syncState({}, onWire(phoenixState(initial)))
      for (let at = 0; at < diffs.length; at += chunk + 1) {
        const some = diffs.slice(at, at + chunk + 1)
        for (const diff of some) set.apply(diff)
        const merged = mergeDiffs(some)
        if (merged) held = OfficialPresence.syncDiff(held, onWire(phoenixDiff(merged)) as never)
        expect(refsOf(held)).toEqual([...set.presences()].map((one) => `${one.key} ${phxRef(one)}`).sort())
      }
      // Somebody who lost a diff, and is given the state, is right again.
      const late = OfficialPresence.syncState(held, onWire(phoenixState(initial)))
      expect(refsOf(late)).toEqual(initial.map((one) => `${one.key} ${phxRef(one)}`).sort())
    }),
    { numRuns: 1000 },
  )
})

function onWire(body: object): object {
  return JSON.parse(JSON.stringify(body))
}

function refsOf(state: object): string[] {
  return OfficialPresence.list(state, (key, { metas }) =>
    metas.map(({ phx_ref }: { phx_ref: string }) => `${key} ${phx_ref}`),
  )
    .flat()
    .sort()
}

import { expect, test } from 'vitest'
import { Holders } from './holders'

const presence = (ref: string) => ({ ref, key: ref, meta: {}, rev: 0 })
const snapshot = (held: Record<string, string>, asserted: string[] = []) => ({
  epoch: 'e',
  seq: 1,
  digest: 0,
  presences: Object.keys(held).map(presence),
  holders: Object.values(held),
  asserted: new Set(asserted),
  reasons: new Map(),
})
const diff = (joins: string[], leaves: string[]) => ({
  epoch: 'e',
  base: 1,
  seq: 2,
  digest: 0,
  joins: joins.map(presence),
  updates: [],
  leaves: leaves.map((ref) => ({ ref, key: ref, reason: 'left' as const })),
})

test('who holds a topic follows its history', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n2' }))
  holders.apply(diff(['c'], ['b']), 'n3')
  expect([...holders.nodes()]).toEqual(['n1', 'n3'])
  holders.move('a', 'n3')
  holders.move('nobody', 'n9')
  expect([...holders.nodes()]).toEqual(['n3'])
  holders.rename(['n3', 'n0'], 'n4')
  expect([...holders.nodes()]).toEqual(['n4'])
})

test('[S-11] awaited is who held what is missing and has not said anything', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n2', c: 'n3', d: 'n4' }))
  expect([...holders.awaited(snapshot({ d: 'n4' }, ['n2']))]).toEqual(['n1', 'n3'])
})

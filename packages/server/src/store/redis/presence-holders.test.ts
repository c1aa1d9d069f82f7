import { expect, test } from 'vitest'
import { Holders } from './presence-holders'

const presence = (ref: string) => ({ ref, key: ref, meta: {}, rev: 0 })
const snapshot = (held: Record<string, string>, asserted: string[] = [], epoch = 'e') => ({
  epoch,
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

test('the holders follow the topic’s history', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n2' }))
  holders.apply(diff(['c'], ['b']), 'n3')
  expect([...holders.nodes()]).toEqual(['n1', 'n3'])
  holders.setHolder('a', 'n3')
  holders.setHolder('nobody', 'n9')
  expect([...holders.nodes()]).toEqual(['n3'])
  holders.rename(['n3', 'n0'], 'n4')
  expect([...holders.nodes()]).toEqual(['n4'])
})

test('[S-11] the awaited nodes hold missing presences and have not asserted', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n2', c: 'n3', d: 'n4' }))
  expect([...holders.awaited(snapshot({ d: 'n4' }, ['n2']))]).toEqual(['n1', 'n3'])
})

test('a node is a holder until its last presence has left', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n1', c: 'n1' }))
  holders.apply(diff([], ['a', 'never']), 'n1')
  holders.setHolder('b', 'n2')
  expect([...holders.nodes()]).toEqual(['n1', 'n2'])
  holders.apply(diff([], ['c']), 'n1')
  expect([...holders.nodes()]).toEqual(['n2'])
})

test('[S-57] presences of a former history are lost if their nodes do not assert in the new one', () => {
  const holders = new Holders()
  holders.replace(snapshot({ a: 'n1', b: 'n2', c: 'n1', d: 'n3' }))
  const anew = snapshot({ d: 'n3' }, ['n2', 'n3'], 'f')
  expect([...holders.lost(anew)]).toEqual([
    ['a', 'node_lost'],
    ['c', 'node_lost'],
  ])
  // In the same history each leave is told on its own, with its reason.
  expect([...holders.lost({ ...anew, epoch: 'e' })]).toEqual([])
  expect([...holders.lost(snapshot({ d: 'n3' }, ['n1', 'n2', 'n3'], 'f'))]).toEqual([])
})

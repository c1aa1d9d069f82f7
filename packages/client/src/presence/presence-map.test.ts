import { digestOf, type Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { type MapChange, PresenceMap } from './presence-map'

type Meta = { name: string }
const presence = (ref: string, key: string, name = key, rev = 0): Presence<Meta> => ({
  ref,
  key,
  meta: { name },
  rev,
})
const none = { joins: [], updates: [], leaves: [] }
const leave = (ref: string, key: string) => ({ ref, key, reason: 'left' as const })

describe('presence map', () => {
  test('lists keys in the order of first appearance', () => {
    const map = new PresenceMap<Meta>()
    map.replace([presence('1', 'ada'), presence('2', 'bob'), presence('3', 'ada', 'Ada 2')])
    map.apply({
      ...none,
      joins: [presence('4', 'cyd')],
      updates: [{ ref: '2', rev: 1, meta: { name: 'Bob' } }],
    })
    expect(map.list().map(({ key }) => key)).toEqual(['ada', 'bob', 'cyd'])
    expect([...map.keys()]).toEqual(['ada', 'bob', 'cyd'])
    expect(map.size).toBe(3)
  })

  test('the first state is a change like others: each key is told once, whole', () => {
    for (const devices of [[], [presence('3', 'ada', 'laptop')]]) {
      const map = new PresenceMap<Meta>()
      const given = [presence('1', 'ada', 'phone'), presence('2', 'bob'), ...devices]
      expect(map.list()).toEqual([])
      const change = map.replace(given)
      const ada = {
        key: 'ada',
        meta: { name: devices[0]?.meta.name ?? 'phone' },
        presences: [given[0], ...devices],
      }
      const bob = { key: 'bob', meta: { name: 'bob' }, presences: [given[1]] }
      expect(map.list()).toEqual([ada, bob])
      expect(change.entries).toEqual([
        { key: 'ada', before: null, after: ada },
        { key: 'bob', before: null, after: bob },
      ])
      expect(change.entries.map(({ after }) => after)).toEqual(map.list())
      expect([change.isVisible, change.presences.joins]).toEqual([true, given])
      map.clear()
      expect(map.replace([])).toMatchObject({ isVisible: false, entries: [] })
    }
  })

  test('a key has the meta of its newest presence, and falls back when that leaves', () => {
    const map = new PresenceMap<Meta>()
    map.apply({ ...none, joins: [presence('1', 'ada', 'phone')] })
    map.apply({ ...none, joins: [presence('2', 'ada', 'laptop')] })
    map.apply({ ...none, updates: [{ ref: '1', rev: 1, meta: { name: 'phone 2' } }] })
    expect(map.get('ada')).toMatchObject({
      meta: { name: 'laptop' },
      presences: [{ ref: '1' }, { ref: '2' }],
    })
    map.apply({ ...none, leaves: [leave('2', 'ada')] })
    expect(map.get('ada')).toMatchObject({ meta: { name: 'phone 2' }, presences: [{ ref: '1', rev: 1 }] })
  })

  test('a change of device within one diff is an update, never a leave and a join', () => {
    const map = new PresenceMap<Meta>()
    map.apply({ ...none, joins: [presence('1', 'ada')] })
    const before = map.get('ada')
    const change = map.apply({ ...none, joins: [presence('2', 'ada')], leaves: [leave('1', 'ada')] })
    expect(change.entries).toEqual([{ key: 'ada', before, after: map.get('ada') }])
  })

  test('a swap changes only what is other, and agrees with the server on which presence is the newest', () => {
    const map = new PresenceMap<Meta>()
    map.replace([presence('1', 'ada'), presence('3', 'bob'), presence('5', 'cyd')])
    const ada = map.get('ada')
    const change = map.replace([presence('1', 'ada'), presence('2', 'bob', 'old'), presence('3', 'bob')])
    expect(map.get('ada')).toBe(ada)
    expect(map.get('bob')).toMatchObject({ meta: { name: 'bob' }, presences: [{ ref: '2' }, { ref: '3' }] })
    expect(change.entries.map(({ key, after }) => [key, after === null])).toEqual([
      ['bob', false],
      ['cyd', true],
    ])
  })

  test('a change costs what it costs: other entries keep their identity', () => {
    const map = new PresenceMap<Meta>()
    map.replace(Array.from({ length: 1_000 }, (_, i) => presence(String(i), `k${i}`)))
    const before = [...map.list()]
    const change = map.apply({ ...none, updates: [{ ref: '500', rev: 1, meta: { name: 'x' } }] })
    expect(change.entries).toHaveLength(1)
    expect(map.list().filter((entry, i) => entry !== before[i])).toHaveLength(1)
  })

  test.each([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['the empty one', ''],
    ['a very long one', 'k'.repeat(100_000)],
  ])('[C-19] a key like others: %s', (_name, key) => {
    const map = new PresenceMap<Meta>()
    expect(map.get(key)).toBeUndefined()
    map.apply({ ...none, joins: [presence('__proto__', key, 'x'), presence('constructor', 'other')] })
    expect(map.get(key)).toEqual({ key, meta: { name: 'x' }, presences: [presence('__proto__', key, 'x')] })
    expect(map.size).toBe(2)
    const { entries } = map.apply({ ...none, leaves: [leave('__proto__', key)] })
    expect(entries).toMatchObject([{ key, after: null }])
    expect(map.get(key)).toBeUndefined()
    expect({}).not.toHaveProperty('name')
  })

  test('what does not fit is passed over', () => {
    const map = new PresenceMap<Meta>()
    const change = map.apply({
      ...none,
      updates: [{ ref: 'unknown', rev: 4, meta: { name: 'x' } }],
      leaves: [leave('unknown', 'ada')],
    })
    expect(change.entries).toEqual([])
    expect(map.list()).toBe(map.list())
  })
})

describe('keys that are kept', () => {
  const entriesOf = ({ entries }: MapChange<Meta>) =>
    entries.map(({ key, before, after }) => [
      key,
      before?.presences.length ?? 0,
      after?.presences.length ?? 0,
    ])
  const leavesOf = ({ presences }: MapChange<Meta>) =>
    presences.leaves.map(({ presence: { ref }, reason }) => `${ref} ${reason}`)

  /** Bob was present with two devices, and a restarted server knows Ada and Cyd. */
  function keepingBob(key = 'bob') {
    const map = new PresenceMap<Meta>()
    map.replace([presence('1', 'ada'), presence('2', key, 'old'), presence('3', key)])
    const change = map.replace([presence('a', 'ada'), presence('c', 'cyd')], true)
    return { map, change }
  }

  test('[C-23] are shown in their place, as they were, and are in no digest', () => {
    const { map, change } = keepingBob()
    expect(map.list().map(({ key }) => key)).toEqual(['ada', 'bob', 'cyd'])
    expect(map.get('bob')?.presences.map(({ ref }) => ref)).toEqual(['2', '3'])
    expect([map.size, map.unconfirmedCount]).toEqual([3, 1])
    expect(map.digest).toBe(digestOf([presence('a', 'ada'), presence('c', 'cyd')]))
    // Ada is back as she was, under another ref.
    expect(entriesOf(change)).toEqual([['cyd', 0, 1]])
    expect(leavesOf(change)).toEqual(['1 node_lost'])
  })

  test('[C-23] keep their identity', () => {
    const map = new PresenceMap<Meta>()
    map.replace([presence('2', 'bob')])
    const [list, bob] = [map.list(), map.get('bob')]
    const change = map.replace([], true)
    expect([map.list() === list, map.get('bob') === bob, change.isVisible]).toEqual([true, true, false])
  })

  test('[C-23] that are back with the same metas are told of by device only', () => {
    const { map } = keepingBob()
    const change = map.apply({ ...none, joins: [presence('x', 'bob', 'old'), presence('y', 'bob')] })
    expect([entriesOf(change), leavesOf(change), map.unconfirmedCount]).toEqual([
      [],
      ['2 node_lost', '3 node_lost'],
      0,
    ])
    expect(change.presences.joins.map(({ ref }) => ref)).toEqual(['x', 'y'])
    expect(map.get('bob')?.presences.map(({ ref }) => ref)).toEqual(['x', 'y'])
    expect(change.isVisible).toBe(true)
  })

  test('[C-23] that are back with another meta are told of as an update', () => {
    const { map } = keepingBob()
    const joins = [presence('x', 'bob', 'old'), presence('y', 'bob', 'new')]
    expect(entriesOf(map.apply({ ...none, joins }))).toEqual([['bob', 2, 2]])
  })

  test('[C-23] of which one device is back keep the other one, so that its end takes nobody away', () => {
    const { map } = keepingBob()
    const back = map.apply({ ...none, joins: [presence('y', 'bob')] })
    expect([entriesOf(back), leavesOf(back), map.unconfirmedCount]).toEqual([[], ['3 node_lost'], 1])
    expect(map.get('bob')?.presences.map(({ ref }) => ref)).toEqual(['2', 'y'])
    const gone = map.apply({ ...none, leaves: [leave('y', 'bob')] })
    expect(entriesOf(gone)).toEqual([['bob', 2, 1]])
    expect(map.get('bob')?.presences.map(({ ref }) => ref)).toEqual(['2'])
  })

  test('[C-23] that are back with a state, or are lacking there once more', () => {
    const back = keepingBob()
    const joined = [presence('x', 'bob', 'old'), presence('y', 'bob')]
    expect(entriesOf(back.map.replace([presence('a', 'ada'), ...joined], true))).toEqual([])
    // Cyd was there in the new history, and is kept in her turn.
    expect([back.map.unconfirmedCount, back.map.list().map(({ key }) => key)]).toEqual([
      1,
      ['ada', 'bob', 'cyd'],
    ])

    const lacking = keepingBob()
    expect(lacking.map.replace([presence('a', 'ada'), presence('c', 'cyd')], true).isVisible).toBe(false)
    expect(lacking.map.unconfirmedCount).toBe(1)
  })

  test('[C-23] have gone with node_lost where a state without keeping lacks them', () => {
    const { map } = keepingBob()
    const change = map.replace([presence('a', 'ada'), presence('c', 'cyd')])
    expect([entriesOf(change), leavesOf(change)]).toEqual([[['bob', 2, 0]], ['2 node_lost', '3 node_lost']])
    expect([map.get('bob'), map.size, map.unconfirmedCount]).toEqual([undefined, 2, 0])
  })

  test('[C-23] that are back, and leave before the time is over, may be others: they are kept until then', () => {
    const { map } = keepingBob()
    map.apply({ ...none, joins: [presence('x', 'bob', 'old'), presence('y', 'bob')] })
    const change = map.apply({ ...none, leaves: [leave('x', 'bob'), leave('y', 'bob')] })
    expect([entriesOf(change), leavesOf(change), map.unconfirmedCount]).toEqual([[], [], 1])
    expect(leavesOf(map.replace([presence('a', 'ada'), presence('c', 'cyd')]))).toEqual([
      'x node_lost',
      'y node_lost',
    ])
  })

  test('that are back may leave as others do once the time is over', () => {
    const { map } = keepingBob()
    map.apply({ ...none, joins: [presence('x', 'bob', 'old'), presence('y', 'bob')] })
    map.endRecovery()
    const change = map.apply({ ...none, leaves: [leave('x', 'bob'), leave('y', 'bob')] })
    expect([entriesOf(change), leavesOf(change)]).toEqual([[['bob', 2, 0]], ['x left', 'y left']])
  })

  test.each(['__proto__', 'constructor', ''])('[C-19] may have any name: %j', (key) => {
    const { map } = keepingBob(key)
    expect([map.unconfirmedCount, map.get(key)?.presences.length]).toEqual([1, 2])
    expect(entriesOf(map.replace([], false))).toContainEqual([key, 2, 0])
  })

  test('who is given up when one other comes, or goes, is gone', () => {
    for (const [before, after] of [
      [[], [presence('c', 'cyd')]],
      [[presence('c', 'cyd')], []],
    ]) {
      const map = new PresenceMap<Meta>()
      map.replace([presence('a', 'ada'), presence('b', 'bob'), ...(before ?? [])])
      map.replace([presence('a', 'ada'), ...(before ?? [])], true)
      const change = map.replace([presence('a', 'ada'), ...(after ?? [])])
      expect([...map.keys()]).toEqual(['ada', ...(after ?? []).map(({ key }) => key)])
      expect(entriesOf(change)).toContainEqual(['bob', 1, 0])
      expect(leavesOf(change)).toContain('b node_lost')
    }
  })

  test('are forgotten with all the rest', () => {
    const { map } = keepingBob()
    map.clear()
    expect([map.size, map.unconfirmedCount, map.list()]).toEqual([0, 0, []])
    expect(entriesOf(map.replace([presence('y', 'bob')]))).toEqual([['bob', 0, 1]])
  })
})

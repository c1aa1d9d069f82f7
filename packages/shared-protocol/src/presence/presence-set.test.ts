import { describe, expect, test } from 'vitest'
import { digestOf } from './digest'
import type { Presence, PresenceChanges } from './presence'
import { PresenceSet } from './presence-set'

const presence = (ref: string, key: string, rev = 0): Presence => ({ ref, key, rev, meta: { rev } })
const changes = (some: Partial<PresenceChanges>): PresenceChanges => ({
  joins: [],
  updates: [],
  leaves: [],
  ...some,
})
const leave = (ref: string, key: string) => ({ ref, key, reason: 'left' as const })
const update = (ref: string, rev: number) => ({ ref, rev, meta: { rev } })

function setOf(...presences: Presence[]): PresenceSet {
  const set = new PresenceSet()
  set.replace(presences)
  return set
}

const nothing = { joins: [], updates: [], leaves: [], appeared: [], disappeared: [] }

describe('[P-4] a key is present while any of its presences is', () => {
  test('it appears with the first and stays silent for the second', () => {
    const set = setOf()
    expect(set.apply(changes({ joins: [presence('a1', 'ada')] })).appeared).toEqual(['ada'])
    expect(set.apply(changes({ joins: [presence('a2', 'ada')] })).appeared).toEqual([])
    expect(set.keyCount).toBe(1)
    expect(set.size).toBe(2)
  })

  test('it disappears with the last', () => {
    const set = setOf(presence('a1', 'ada'), presence('a2', 'ada'))
    expect(set.apply(changes({ leaves: [leave('a1', 'ada')] })).disappeared).toEqual([])
    expect(set.hasKey('ada')).toBe(true)
    expect(set.apply(changes({ leaves: [leave('a2', 'ada')] })).disappeared).toEqual(['ada'])
    expect(set.hasKey('ada')).toBe(false)
  })

  test('it holds its presences oldest first, and an update keeps the place', () => {
    const set = setOf(presence('a1', 'ada'), presence('a2', 'ada'), presence('a3', 'ada'))
    set.apply(changes({ updates: [update('a1', 1)], leaves: [leave('a2', 'ada')] }))
    expect(set.ofKey('ada').map(({ ref, rev }) => [ref, rev])).toEqual([
      ['a1', 1],
      ['a3', 0],
    ])
    expect(set.ofKey('nobody')).toEqual([])
  })
})

describe('[P-2] what a change tells is net', () => {
  test('changing tabs within one change never passes through zero', () => {
    const set = setOf(presence('a1', 'ada'))
    const applied = set.apply(changes({ joins: [presence('a2', 'ada')], leaves: [leave('a1', 'ada')] }))
    expect(applied.appeared).toEqual([])
    expect(applied.disappeared).toEqual([])
    expect(applied.joins.map(({ ref }) => ref)).toEqual(['a2'])
    expect(applied.leaves.map(({ presence: { ref } }) => ref)).toEqual(['a1'])
  })

  test('a join and a leave of one presence cancel out', () => {
    const set = setOf()
    const applied = set.apply(changes({ joins: [presence('a1', 'ada')], leaves: [leave('a1', 'ada')] }))
    expect(applied).toEqual(nothing)
    expect(set.digest).toBe(0)
  })

  test('a join with an update is one join, at the later meta', () => {
    const applied = setOf().apply(changes({ joins: [presence('a1', 'ada')], updates: [update('a1', 1)] }))
    expect(applied.joins).toEqual([presence('a1', 'ada', 1)])
    expect(applied.updates).toEqual([])
  })

  test('an update and a leave are one leave of the first presence', () => {
    const set = setOf(presence('a1', 'ada'))
    const applied = set.apply(changes({ updates: [update('a1', 1)], leaves: [leave('a1', 'ada')] }))
    expect(applied.updates).toEqual([])
    expect(applied.leaves).toEqual([{ presence: presence('a1', 'ada', 0), reason: 'left' }])
  })

  test('two updates of one presence are one, from the first to the last', () => {
    const set = setOf(presence('a1', 'ada'))
    const applied = set.apply(changes({ updates: [update('a1', 1), update('a1', 2)] }))
    expect(applied.updates).toEqual([
      { previous: presence('a1', 'ada', 0), presence: presence('a1', 'ada', 2) },
    ])
  })

  test('a join of an equal presence changes nothing', () => {
    const set = setOf(presence('a1', 'ada', 2))
    expect(set.apply(changes({ joins: [presence('a1', 'ada', 2)] }))).toEqual(nothing)
  })
})

describe('[P-3] an update never goes back in time', () => {
  test.each([0, 1, 2])('a presence at rev 2 ignores rev %i', (rev) => {
    const set = setOf(presence('a1', 'ada', 2))
    expect(set.apply(changes({ updates: [update('a1', rev)] }))).toEqual(nothing)
    expect(set.get('a1')?.rev).toBe(2)
  })

  test('a join of an older rev is ignored, too', () => {
    const set = setOf(presence('a1', 'ada', 2))
    expect(set.apply(changes({ joins: [presence('a1', 'ada', 1)] }))).toEqual(nothing)
    expect(set.get('a1')?.rev).toBe(2)
  })

  test('an update of an unknown presence is ignored', () => {
    expect(setOf().apply(changes({ updates: [update('a1', 1)] }))).toEqual(nothing)
  })

  test('a leave of an unknown presence is ignored', () => {
    expect(setOf().apply(changes({ leaves: [leave('a1', 'ada')] }))).toEqual(nothing)
  })
})

describe('[P-11] replace makes the set hold exactly what it is given', () => {
  test('it returns the net change, with the reason closed for missing presences', () => {
    const set = setOf(presence('a1', 'ada'), presence('b1', 'bob'), presence('c1', 'cy'))
    const applied = set.replace([presence('a1', 'ada'), presence('b1', 'bob', 3), presence('d1', 'dan')])
    expect(applied).toEqual({
      joins: [presence('d1', 'dan')],
      updates: [{ previous: presence('b1', 'bob'), presence: presence('b1', 'bob', 3) }],
      leaves: [{ presence: presence('c1', 'cy'), reason: 'closed' }],
      appeared: ['dan'],
      disappeared: ['cy'],
    })
  })

  test('an equal list changes nothing, and the set keeps its objects', () => {
    const set = setOf(presence('a1', 'ada'))
    const held = set.get('a1')
    expect(set.replace([presence('a1', 'ada')])).toEqual(nothing)
    expect(set.get('a1')).toBe(held)
  })

  test('every presence joins an empty set, also one that was emptied', () => {
    const set = setOf(presence('z1', 'zoe'))
    set.apply(changes({ leaves: [leave('z1', 'zoe')] }))
    const given = [presence('a1', 'ada', 2), presence('b1', 'bob'), presence('a2', 'ada')]
    expect(set.replace(given.values())).toEqual({ ...nothing, joins: given, appeared: ['ada', 'bob'] })
    expect([...set.presences()]).toEqual(given)
    expect(set.ofKey('ada').map(({ ref }) => ref)).toEqual(['a1', 'a2'])
    expect([set.size, set.keyCount, set.digest]).toEqual([3, 2, digestOf(given)])
  })

  test.each([[[]], [[presence('z1', 'zoe')]]])(
    'a ref that is named twice is one presence, the last (after %j)',
    (held) => {
      const set = setOf(...held)
      const last = presence('a1', 'bob', 1)
      const applied = set.replace([presence('a1', 'ada'), last])
      expect([applied.joins, applied.appeared]).toEqual([[last], ['bob']])
      expect([[...set.presences()], [...set.keys()]]).toEqual([[last], ['bob']])
      expect(set.digest).toBe(digestOf([last]))
    },
  )

  test('a lower rev is accepted, because the snapshot is the truth', () => {
    const set = setOf(presence('a1', 'ada', 9))
    set.replace([presence('a1', 'ada', 1)])
    expect(set.get('a1')?.rev).toBe(1)
    expect(set.digest).toBe(digestOf([{ ref: 'a1', rev: 1 }]))
  })

  test('a ref that comes back under another key moves', () => {
    const set = setOf(presence('a1', 'ada'))
    const applied = set.replace([presence('a1', 'bob')])
    expect([...set.keys()]).toEqual(['bob'])
    expect(applied.appeared).toEqual(['bob'])
    expect(applied.disappeared).toEqual(['ada'])
  })

  test('a ref that moves away from a key with others leaves them there', () => {
    const set = setOf(presence('a1', 'ada'), presence('a2', 'ada'))
    const applied = set.replace([presence('a1', 'bob'), presence('a2', 'ada')])
    expect(set.ofKey('ada').map(({ ref }) => ref)).toEqual(['a2'])
    expect(applied.disappeared).toEqual([])
  })
})

describe('the order of a key after replace', () => {
  test('it is the order of the list, also if a new presence stands in between', () => {
    const set = setOf(presence('a1', 'ada'), presence('b1', 'bob'), presence('a3', 'ada'))
    set.replace([presence('a1', 'ada'), presence('a2', 'ada'), presence('a3', 'ada')].values())
    expect(set.ofKey('ada').map(({ ref }) => ref)).toEqual(['a1', 'a2', 'a3'])
    expect(set.ofKey('bob')).toEqual([])
  })

  test('it is the order of the list, also if nobody came or left', () => {
    const set = setOf(presence('a1', 'ada'), presence('a2', 'ada'))
    expect(set.replace([presence('a2', 'ada'), presence('a1', 'ada')])).toEqual(nothing)
    expect(set.ofKey('ada').map(({ ref }) => ref)).toEqual(['a2', 'a1'])
  })
})

describe('[P-10] keys and refs with the names of prototypes are ordinary', () => {
  test.each(['__proto__', 'constructor', 'hasOwnProperty', '', '👩‍👧', 'k'.repeat(10_000)])('%j', (name) => {
    const set = setOf(presence('x', 'other'))
    expect(set.hasKey(name)).toBe(false)
    expect(set.get(name)).toBeUndefined()
    expect(set.apply(changes({ joins: [presence(name, name)] })).appeared).toEqual([name])
    expect(set.hasKey(name)).toBe(true)
    expect(set.ofKey(name)).toEqual([presence(name, name)])
    expect(set.apply(changes({ leaves: [leave(name, name)] })).disappeared).toEqual([name])
    expect(set.size).toBe(1)
  })
})

test('a thousand presences of one key leave one by one, and the key with the last', () => {
  const crowd = Array.from({ length: 1000 }, (_, i) => presence(`g${i}`, 'guest'))
  const set = setOf(...crowd)
  const told = crowd.map(
    ({ ref, key }) => set.apply(changes({ leaves: [leave(ref, key)] })).disappeared.length,
  )
  expect(told.lastIndexOf(0)).toBe(998)
  expect(told[999]).toBe(1)
})

import type { Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { PresenceMap } from './presence-map'

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

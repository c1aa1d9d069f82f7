import { describe, expect, test } from 'vitest'
import { OwnedPresences } from './owned-presences'

const presence = (ref: string) => ({ ref, key: 'k', rev: 0, meta: {} })

describe('owned presences', () => {
  test('count once per owner and topic', () => {
    const owned = new OwnedPresences()
    owned.set('s1', 't1', presence('a'))
    owned.set('s1', 't2', presence('b'))
    owned.set('s2', 't1', presence('c'))
    owned.set('s1', 't1', presence('d'))
    expect(owned.count).toBe(3)
    expect(owned.get('s1', 't1')?.ref).toBe('d')
    expect(owned.topicsOf('s1')).toEqual(['t1', 't2'])
  })

  test('can be deleted only once', () => {
    const owned = new OwnedPresences()
    owned.set('s1', 't1', presence('a'))
    expect(owned.delete('s1', 't1')?.ref).toBe('a')
    expect(owned.delete('s1', 't1')).toBeUndefined()
    expect(owned.delete('nobody', 't1')).toBeUndefined()
    expect(owned.count).toBe(0)
    expect(owned.topicsOf('s1')).toEqual([])
  })

  test.each(['__proto__', 'constructor', ''])(
    '[S-10] an owner and a topic called %j are ordinary',
    (name) => {
      const owned = new OwnedPresences()
      expect(owned.get(name, name)).toBeUndefined()
      expect(owned.topicsOf(name)).toEqual([])
      owned.set(name, name, presence('a'))
      expect(owned.topicsOf(name)).toEqual([name])
      expect(owned.delete(name, name)?.ref).toBe('a')
    },
  )
})

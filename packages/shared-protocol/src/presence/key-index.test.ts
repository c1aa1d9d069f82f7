import { describe, expect, test } from 'vitest'
import { KeyIndex } from './key-index'

describe('refs by key', () => {
  test('an unknown key has no refs', () => {
    expect(new KeyIndex().of('ada')).toEqual([])
  })

  test('a key is present from its first ref to its last', () => {
    const index = new KeyIndex()
    expect([index.put('ada', 'a1'), index.put('ada', 'a2'), index.put('ada', 'a3')]).toEqual([
      true,
      false,
      false,
    ])
    expect(index.of('ada')).toEqual(['a1', 'a2', 'a3'])
    expect([index.drop('ada', 'a2'), index.drop('ada', 'a1'), index.drop('ada', 'a3')]).toEqual([
      false,
      false,
      true,
    ])
    expect([index.has('ada'), index.size]).toEqual([false, 0])
  })

  test('a key of one ref is gone with it, and the keys that are there are in the order in which they came', () => {
    const index = new KeyIndex()
    for (const key of ['cyd', 'ada', 'bob']) index.put(key, `${key}1`)
    index.put('ada', 'ada2')
    expect([...index.keys()]).toEqual(['cyd', 'ada', 'bob'])
    expect(index.drop('cyd', 'cyd1')).toBe(true)
    expect([[...index.keys()], index.has('cyd'), index.of('cyd')]).toEqual([['ada', 'bob'], false, []])
  })

  test('moving a ref last changes the order of its own key alone', () => {
    const index = new KeyIndex()
    for (const ref of ['a1', 'a2']) index.put('ada', ref)
    index.put('bob', 'b1')
    index.moveLast('ada', 'a1')
    index.moveLast('bob', 'b1')
    expect([index.of('ada'), index.of('bob')]).toEqual([['a2', 'a1'], ['b1']])
  })
})

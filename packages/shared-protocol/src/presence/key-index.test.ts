import { describe, expect, test } from 'vitest'
import { KeyIndex } from './key-index'

describe('refs by key', () => {
  test('a key that was never seen has no refs', () => {
    expect(new KeyIndex().of('ada')).toEqual([])
  })

  test('a key is there from its first ref to its last', () => {
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

  test('moving a ref last changes the order of its own key alone', () => {
    const index = new KeyIndex()
    for (const ref of ['a1', 'a2']) index.put('ada', ref)
    index.put('bob', 'b1')
    index.moveLast('ada', 'a1')
    index.moveLast('bob', 'b1')
    expect([index.of('ada'), index.of('bob')]).toEqual([['a2', 'a1'], ['b1']])
  })
})

import { expect, test } from 'vitest'
import { KeyCounts } from './collections'

test('a name is counted until as many have gone as came, and is then forgotten', () => {
  const tally = new KeyCounts()
  tally.add('a')
  tally.add('a', 2)
  tally.add('b')
  expect([tally.of('a'), tally.of('b'), tally.of('__proto__'), tally.size]).toEqual([3, 1, 0, 2])
  tally.remove('a')
  tally.remove('b')
  expect([tally.of('a'), tally.of('b'), tally.size]).toEqual([2, 0, 1])
})

test('one that leaves twice does not owe anything', () => {
  const tally = new KeyCounts()
  tally.remove('a')
  expect(tally.size).toBe(0)
  tally.add('a')
  expect(tally.of('a')).toBe(1)
})

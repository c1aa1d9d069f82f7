import { expect, test } from 'vitest'
import { rosterKeys, typingNames } from './roster'

const entry = (key: string, n: string, more: object = {}) => {
  const meta = { n, s: 'online', at: 1, ...more }
  return { key, meta, presences: [{ meta }] }
}

test('oneself first, then by name, whatever the status', () => {
  const entries = [
    entry('a', 'zoe'),
    entry('b', 'Émile', { s: 'busy' }),
    entry('c', 'Bob 10'),
    entry('d', 'bob 9'),
  ]
  expect(rosterKeys(entries, 'a')).toEqual(['a', 'd', 'c', 'b'])
})

test('people of the same name keep their order', () => {
  expect(rosterKeys([entry('b', 'Ada'), entry('a', 'ada')], 'x')).toEqual(['a', 'b'])
})

test('others who type are named, oneself is not', () => {
  const entries = [
    entry('a', 'Zoe', { t: 1 }),
    entry('b', 'Ada', { t: 1 }),
    entry('c', 'Bob'),
    entry('me', 'Me', { t: 1 }),
  ]
  expect(typingNames(entries, 'me')).toEqual(['Ada', 'Zoe'])
})

import { expect, test } from 'vitest'
import { count, countPeople, listNames, typingSentence } from './words'

test.each([
  [[], ''],
  [['Ada'], 'Ada'],
  [['Ada', 'Bob'], 'Ada and Bob'],
  [['Ada', 'Bob', 'Cy'], 'Ada, Bob and Cy'],
  [['Ada', 'Bob', 'Cy', 'Di'], 'Ada, Bob and 2 others'],
])('%j reads as %j', (names, text) => {
  expect(listNames(names)).toBe(text)
})

test('one and many', () => {
  expect(count(1, 'device')).toBe('1 device')
  expect(count(2, 'device')).toBe('2 devices')
  expect(countPeople(1)).toBe('1 person')
  expect(countPeople(0)).toBe('0 people')
})

test('who is typing', () => {
  expect(typingSentence([])).toBe('')
  expect(typingSentence(['Ada'])).toBe('Ada is typing…')
  expect(typingSentence(['Ada', 'Bob'])).toBe('Ada and Bob are typing…')
  expect(typingSentence(['A', 'B', 'C', 'D'])).toBe('Several people are typing…')
})

import { expect, test } from 'vitest'
import { problemWords } from './problem-words'

test('what went wrong is told in words', () => {
  expect(problemWords({ code: 'timeout' })).toBe('No answer from the server.')
  expect(problemWords({ code: 'queue_full' })).toMatch(/waiting/)
  expect(problemWords(undefined)).toBe('Something went wrong.')
  expect(problemWords(new Error(''))).toBe('Something went wrong.')
})

test("the server's own sentence comes before the error's", () => {
  const error = Object.assign(new Error('The join was refused: full (The room is full.)'), {
    code: 'refused',
  })
  expect(problemWords(error)).toBe('The join was refused: full (The room is full.)')
  expect(problemWords(Object.assign(error, { response: { message: 'The room is full.' } }))).toBe(
    'The room is full.',
  )
  expect(problemWords(Object.assign(error, { response: { message: 7 } }))).toBe(error.message)
})

import { expect, test } from 'vitest'
import { lengthOf, MAX_MESSAGE_LENGTH, readMessage } from './message'

const message = { id: 'm1', by: 'u1', n: 'Ada', text: 'Hello' }

test('a message is read as it was sent, without what else came along', () => {
  expect(readMessage({ ...message, isAdmin: true })).toEqual(message)
})

test('an author without a usable name goes by their id', () => {
  expect(readMessage({ ...message, n: 7 })?.n).toBe('u1')
  expect(readMessage({ ...message, n: ' ' })?.n).toBe('u1')
})

test.each([
  null,
  'hello',
  [],
  {},
  { ...message, id: '' },
  { ...message, id: 'x'.repeat(65) },
  { ...message, by: 7 },
  { ...message, text: '  \n' },
  { ...message, text: 'x'.repeat(MAX_MESSAGE_LENGTH + 1) },
])('%j is no message', (payload) => {
  expect(readMessage(payload)).toBeNull()
})

test('a letter counts as one, however many units it takes', () => {
  expect(lengthOf('😀é')).toBe(2)
  expect(readMessage({ ...message, text: '😀'.repeat(MAX_MESSAGE_LENGTH) })).not.toBeNull()
})

test('the longest message fits in a frame', () => {
  // A control character is the longest that JSON makes of one: six bytes.
  const frame = JSON.stringify([
    '1',
    '2',
    'room:lobby',
    'message',
    { ...message, text: '\u0001'.repeat(MAX_MESSAGE_LENGTH) },
  ])
  expect(utf8Bytes(frame)).toBeLessThan(65_536)
})

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}

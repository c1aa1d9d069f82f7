import { expect, test } from 'vitest'
import { idFromBytes, parseIdentity } from './identity'

test('an identity comes back as it was stored', () => {
  const identity = { id: idFromBytes(new Uint8Array(16).fill(200)), name: 'Ada' }
  expect(parseIdentity(JSON.stringify(identity))).toEqual(identity)
})

test.each([
  null,
  '',
  'null',
  '[]',
  '{"id":"abcdefgh"}',
  '{"id":"abcdefgh","name":""}',
  '{"id":"short","name":"Ada"}',
  '{"id":"../../etc/passwd","name":"Ada"}',
  `{"id":"abcdefgh","name":"${'x'.repeat(100)}"}`,
])('%j is no identity', (text) => {
  expect(parseIdentity(text)).toBeNull()
})

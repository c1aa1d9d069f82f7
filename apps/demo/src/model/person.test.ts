import { expect, test } from 'vitest'
import { personOf } from './person'

const phone = { n: 'Ada', s: 'away', at: 100 }
const laptop = { n: 'Ada L.', s: 'online', at: 200, t: 1 }

test('devices together are one person', () => {
  const entry = { key: 'u1', meta: laptop, presences: [{ meta: phone }, { meta: laptop }] }
  expect(personOf(entry)).toEqual({
    id: 'u1',
    name: 'Ada L.',
    status: 'online',
    isTyping: true,
    devices: 2,
    since: 100_000,
  })
})

test('somebody without a name goes by their key', () => {
  expect(personOf({ key: 'user_42', meta: {}, presences: [{ meta: {} }] })).toMatchObject({
    name: 'user_42',
    since: null,
  })
})

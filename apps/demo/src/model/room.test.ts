import { expect, test } from 'vitest'
import { FIRST_ROOM, hashOf, MAX_ROOM_LENGTH, roomFromHash, roomFromName, roomTitle, topicOf } from './room'

test.each([
  ['', FIRST_ROOM],
  ['#', FIRST_ROOM],
  ['#library', 'library'],
  ['#caf%C3%A9', 'café'],
  ['#100%', '100%'],
])('the address %j is the room %s', (hash, room) => {
  expect(roomFromHash(hash)).toBe(room)
})

test('a link to any room leads there', () => {
  for (const room of ['lobby', 'café-crème', 'a/b?c#d', '__proto__', '100%']) {
    expect(roomFromHash(hashOf(room))).toBe(room)
  }
})

test.each([
  ['Late Night!', 'late-night'],
  ['  -- Ünder  the_Tree -- ', 'ünder-the-tree'],
  ['!!!', null],
  ['', null],
])('the name %j makes the room %s', (name, room) => {
  expect(roomFromName(name)).toBe(room)
})

test('a made room fits in a topic', () => {
  const room = roomFromName('漢'.repeat(100))
  expect(room).toHaveLength(MAX_ROOM_LENGTH)
  expect(new TextEncoder().encode(topicOf(room!)).length).toBeLessThanOrEqual(128)
})

test('a room reads as words', () => {
  expect(roomTitle('late-night')).toBe('Late night')
  expect(roomTitle('élan')).toBe('Élan')
  expect(roomTitle('-')).toBe('-')
})

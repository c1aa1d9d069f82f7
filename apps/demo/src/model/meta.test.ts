import { expect, test } from 'vitest'
import { hallMeta, type RoomMeta, readHallMeta, readRoomMeta } from './meta'
import { MAX_NAME_LENGTH } from './person-name'
import { MAX_ROOM_LENGTH } from './room'

test('a meta is read as it was written', () => {
  const meta: RoomMeta = { n: 'Ada', s: 'busy', at: 1_700_000_000, t: 1 }
  expect(readRoomMeta(meta)).toEqual({
    name: 'Ada',
    status: 'busy',
    isTyping: true,
    since: 1_700_000_000_000,
  })
})

test("a plain client's meta is understood", () => {
  expect(readRoomMeta({ name: 'Alice', status: 'away' })).toMatchObject({ name: 'Alice', status: 'away' })
})

test.each([null, undefined, 7, 'x', [], {}, { n: 7, s: 'x', at: 'now', t: true }, { n: '  ', at: -1 }])(
  'nothing that a stranger sends as meta breaks the roster: %j',
  (meta) => {
    expect(readRoomMeta(meta)).toEqual({ name: null, status: 'online', isTyping: false, since: null })
  },
)

test('inherited names are not fields', () => {
  expect(readRoomMeta(Object.create({ n: 'Ghost' })).name).toBeNull()
})

test('the longest metas are within the limit of 256 bytes', () => {
  // A quotation mark takes two bytes as JSON, a letter of the far planes four.
  for (const letter of ['"', '\u{1f600}']) {
    const name = letter.repeat(MAX_NAME_LENGTH)
    const room: RoomMeta = { n: name, s: 'online', at: 99_999_999_999, t: 1 }
    expect(utf8Bytes(JSON.stringify(room))).toBeLessThanOrEqual(256)
    const hall = hallMeta(name, '漢'.repeat(MAX_ROOM_LENGTH))
    expect(hall.r).toBeDefined()
    expect(utf8Bytes(JSON.stringify(hall))).toBeLessThanOrEqual(256)
  }
})

test('a room whose name is too long is kept from the hall', () => {
  expect(hallMeta('Ada', 'x'.repeat(200))).toEqual({ n: 'Ada' })
  expect(readHallMeta({ n: 'Ada', r: 'x'.repeat(200) })).toEqual({ name: 'Ada', room: null })
})

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}

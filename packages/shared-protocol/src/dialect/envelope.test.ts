import { describe, expect, test } from 'vitest'
import { fieldFault } from './envelope'
import { isReservedEvent } from './event-names'

describe('[P-15] event names that would forge the protocol are reserved', () => {
  test.each([
    'phx_join',
    'phx_leave',
    'phx_reply',
    'phx_close',
    'phx_error',
    'phx_anything',
    // phoenix.js listens to these for the replies to its pushes.
    'chan_reply_7',
    'chan_reply_',
    'presence_state',
    'presence_diff',
    'presence_update',
    'presence_patch',
    'presence_sync',
    // What Vix clients are told: an event of that name from a native client would look the same to them.
    'presence.online',
    'presence.offline',
    'presence.current',
    'presence.system',
    'presence.error',
    'presence.join',
    'presence.leave',
    'presence.list',
  ])('%s', (event) => {
    expect(isReservedEvent(event)).toBe(true)
  })

  test.each([
    'message',
    'phoenix',
    'presence',
    'presences_changed',
    // Phoenix programs have events such as these.
    'presence_list',
    'presence.typing',
    'Phx_join',
    'chan_replies',
    'Chan_reply_7',
    ' phx_join',
    'heartbeat',
    '',
  ])('%j is an application’s own', (event) => {
    expect(isReservedEvent(event)).toBe(false)
  })
})

describe('a wrong field is named, with what was there instead', () => {
  test.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [[1], 'an array'],
    [{}, 'an object'],
    ['', 'an empty string'],
    ['x', 'a string'],
    [1, 'a number'],
    [false, 'a boolean'],
    [Uint8Array.of(1), 'bytes'],
  ])('%j', (value, said) => {
    expect(fieldFault('topic', 'a string', value)).toEqual({
      code: 'invalid_message',
      message: `The field "topic" must be a string, not ${said}.`,
    })
  })
})

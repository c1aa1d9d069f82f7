import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { anonymousIdentity, HandshakeError } from './identity'

const identify = (userId: string | undefined, trustUserId: boolean) =>
  anonymousIdentity(new Map(userId === undefined ? [] : [['user_id', userId]]), {
    trustUserId,
    limits: DEFAULT_LIMITS,
    mintGuestId: () => 'x1',
  })

describe('[S-14] who nobody vouched for', () => {
  test('is who they say they are, where that is believed', () => {
    expect(identify('ada', true)).toEqual({ id: 'ada' })
  })

  test('is a guest where it is not', () => {
    expect(identify('ada', false)).toEqual({ id: 'guest-x1', isGuest: true })
  })

  test.each([undefined, ''])('is a guest with a user_id of %j', (userId) => {
    expect(identify(userId, true)).toEqual({ id: 'guest-x1', isGuest: true })
  })

  test('[S-16] is refused with a user_id that is too long for a key, counted in bytes', () => {
    expect(identify('é'.repeat(32), true)).toEqual({ id: 'é'.repeat(32) })
    expect(identify('é'.repeat(33), true)).toMatchObject({
      status: 400,
      reason: 'limit_exceeded',
      message: expect.stringContaining('limits.keyBytes'),
    })
  })

  test('[S-41] is refused with a user_id that no name may be', () => {
    expect(identify('ada\u202e', true)).toEqual({
      status: 400,
      reason: 'invalid_text',
      message:
        'The connect param user_id has a character that sets the direction of text in it, U+202E at index 3; no name may.',
    })
    expect(identify('ada\u202e', false)).toMatchObject({ isGuest: true })
  })
})

test('a refusal on purpose has a reason that goes with its status', () => {
  expect(new HandshakeError(401, 'Who are you?').reason).toBe('unauthorized')
  expect(new HandshakeError(403, 'Not you.').reason).toBe('forbidden')
  expect(new HandshakeError(403, 'Not you.', 'banned').reason).toBe('banned')
})

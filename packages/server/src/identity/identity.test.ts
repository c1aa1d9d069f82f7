import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { anonymousIdentity, HandshakeError, readIdentity } from './identity'

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
        'The connect param user_id has a character that sets the direction of text in it, U+202E at index 3. Remove it.',
    })
    expect(identify('ada\u202e', false)).toMatchObject({ isGuest: true })
  })
})

test('a refusal on purpose has a reason that goes with its status', () => {
  expect(new HandshakeError(401, 'Who are you?').reason).toBe('unauthorized')
  expect(new HandshakeError(403, 'Not you.').reason).toBe('forbidden')
  expect(new HandshakeError(403, 'Not you.', 'banned').reason).toBe('banned')
})

describe('[S-94] the identity that authenticate returned', () => {
  test.each([
    { id: 'ada' },
    { id: 'ada', claims: undefined, expiresAtMs: undefined, isGuest: undefined },
    { id: 'ada', claims: { role: 'admin' }, expiresAtMs: Number.POSITIVE_INFINITY, isGuest: true },
    { id: 'ada', claims: Object.create(null), expiresAtMs: 0, isGuest: false },
  ])('%j is an identity', (given) => {
    expect(readIdentity(given)).toEqual(given)
  })

  test('may have fields of the application, which are not kept', () => {
    expect(readIdentity({ id: 'ada', email: 'ada@example.com' })).toEqual({ id: 'ada' })
  })

  test.each([
    [undefined, "must return an identity such as {id: 'ada'}, not undefined."],
    [null, "must return an identity such as {id: 'ada'}, not null."],
    ['ada', "must return an identity such as {id: 'ada'}, not a value of type string."],
    [['ada'], "must return an identity such as {id: 'ada'}, not a list."],
    [{}, 'whose id must be a non-empty string, not undefined.'],
    [{ id: '' }, 'whose id must be a non-empty string, not an empty string.'],
    [{ id: 5 }, 'whose id must be a non-empty string, not a value of type number.'],
    [{ id: 'ada', claims: null }, 'whose claims must be an object, not null.'],
    [{ id: 'ada', claims: ['admin'] }, 'whose claims must be an object, not a list.'],
    [{ id: 'ada', claims: 'admin' }, 'whose claims must be an object, not a value of type string.'],
    [{ id: 'ada', expiresAtMs: null }, 'whose expiresAtMs must be a number of Unix milliseconds, not null.'],
    [{ id: 'ada', expiresAtMs: '9' }, 'must be a number of Unix milliseconds, not a value of type string.'],
    [{ id: 'ada', expiresAtMs: Number.NaN }, 'must be a number of Unix milliseconds, not NaN.'],
    [{ id: 'ada', expiresAtMs: new Date(0) }, 'Unix milliseconds, not a value of type object.'],
    [{ id: 'ada', isGuest: 'yes' }, 'whose isGuest must be true or false, not a value of type string.'],
    [{ id: 'ada', isGuest: null }, 'whose isGuest must be true or false, not null.'],
    [{ id: 'ada', isGuest: 1 }, 'whose isGuest must be true or false, not a value of type number.'],
  ])('%j is none, and the field is named', (given, message) => {
    expect(() => readIdentity(given)).toThrow(message)
  })
})

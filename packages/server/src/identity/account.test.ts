import { expect, test } from 'vitest'
import { guestAccount, identityAccount, nameAccount } from './account'

test('[S-41] the guests of an address are one account, and no identity can pass for them', () => {
  expect(guestAccount('192.0.2.7')).toBe(guestAccount('192.0.2.7'))
  expect(guestAccount('192.0.2.7')).not.toBe(guestAccount('192.0.2.8'))
  // The control character in front is what no id of an identity has.
  expect(guestAccount('192.0.2.7')).toBe('\u0000192.0.2.7')
  expect(identityAccount('192.0.2.7')).toBe('192.0.2.7')
})

test('an account is named by what it is, so that a refused person knows who is at the limit', () => {
  expect(nameAccount(guestAccount('192.0.2.7'))).toBe('The network of this guest')
  expect(nameAccount(identityAccount('ada'))).toBe('This identity')
})

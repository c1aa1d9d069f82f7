/** The owner of shared limits: one identity, or all guests of one address. */
export type Account = string

/** Prefix of a guest account. The id of an identity has no control character, so the two never collide. (S-41) */
const GUESTS = '\u0000'

/** Returns the id itself, so that no second string is kept for each session. */
export function identityAccount(id: string): Account {
  return id
}

export function guestAccount(addressGroup: string): Account {
  return `${GUESTS}${addressGroup}`
}

/** Whether the account is that of an address's guests. */
export function isGuests(account: Account): boolean {
  return account.startsWith(GUESTS)
}

/** Names an account at the beginning of a sentence. */
export function nameAccount(account: Account): string {
  return isGuests(account) ? 'The network of this guest' : 'This identity'
}

/** Whom presences are counted for: one identity, or the guests of one address. */
export type Account = string

/** Marks the guests of an address. No id of an identity has a control character, so none is taken for them. (S-41) */
const GUESTS = '\u0000'

/** The id itself: a text for each session would have to be kept. */
export function identityAccount(id: string): Account {
  return id
}

export function guestAccount(addressGroup: string): Account {
  return `${GUESTS}${addressGroup}`
}

/** What may hold no more, in words. */
export function nameAccount(account: Account): string {
  return account.startsWith(GUESTS) ? 'The network of this guest' : 'This identity'
}

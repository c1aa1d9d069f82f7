/** Whom presences and messages are counted for: one identity, or the guests of one address. */
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

/** Whether it stands for the guests of an address. */
export function isGuests(account: Account): boolean {
  return account.startsWith(GUESTS)
}

/** Who is at a limit, in words that begin a sentence. */
export function nameAccount(account: Account): string {
  return isGuests(account) ? 'The network of this guest' : 'This identity'
}

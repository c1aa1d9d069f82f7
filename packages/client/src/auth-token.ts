import { encodeBase64 } from '@rollcall/shared-protocol'
import { invalidArgument } from './errors'

/** A secret for the handshake, or what makes one; null for none. */
export type AuthToken = string | null | (() => string | null | undefined | Promise<string | null | undefined>)

/** How Phoenix's client names the subprotocol that holds its token, and servers look for it. */
const PREFIX = 'base64url.bearer.phx.'

/**
 * The subprotocol that carries a token: a browser lets a page set no header of a WebSocket but this one. Null for no
 * token. Throws `invalid_argument` for what cannot be one, without saying what it was.
 */
export function tokenSubprotocolOf(token: unknown): string | null {
  if (token === null || token === undefined) return null
  if (typeof token !== 'string' || token === '') {
    const what = token === '' ? 'an empty string' : `of type ${typeof token}`
    throw invalidArgument(
      `The option authToken must be a string, a function that makes one, or null, not ${what}.`,
    )
  }
  // A byte for each character, which is how it is read.
  const bytes = Uint8Array.from(token, (character) => character.charCodeAt(0))
  if ([...token].some((character) => character.charCodeAt(0) > 0xff)) {
    throw invalidArgument('The option authToken has a character in it that is not Latin-1; encode it before.')
  }
  // By its name it is base64url, but Phoenix reads the other alphabet. Only the slash cannot be in a subprotocol.
  return PREFIX + encodeBase64(bytes).replace(/=/g, '').replace(/\//g, '_')
}

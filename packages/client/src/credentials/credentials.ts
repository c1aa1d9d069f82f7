import { encodeBase64 } from '@rollcall/shared-protocol'
import { objectError, throwIfError } from '../arguments'
import { asRollcallError, invalidArgument } from '../errors'
import type { Credentials } from './credentials-state'

/** The options that say who the client is, each a value or a function that makes it. */
interface Sources {
  readonly params: SocketParams | (() => SocketParams | Promise<SocketParams>)
  readonly authToken: AuthToken
}

/** Whether a function makes some of them, so that others may come of it. */
export function hasFunction({ params, authToken }: Sources): boolean {
  return typeof params === 'function' || typeof authToken === 'function'
}

/** What is to be said of ourselves now; a promise of it where a function makes it, which rejects with `params_failed`. */
export function readCredentials(sources: Sources): Credentials | Promise<Credentials> {
  const { params, authToken } = sources
  if (typeof params !== 'function' && typeof authToken !== 'function')
    return { params: paramsAsStrings(params), token: authToken }
  const made = Promise.all([
    callSource('params', async () => paramsAsStrings(typeof params === 'function' ? await params() : params)),
    callSource('authToken', async () =>
      checkToken(typeof authToken === 'function' ? await authToken() : authToken),
    ),
  ])
  return made.then(([texts, token]) => ({ params: texts, token }))
}

/** Throws `invalid_argument` for what a subprotocol cannot carry. */
function checkToken(token: string | null | undefined): string | null {
  tokenSubprotocolOf(token)
  return token ?? null
}

async function callSource<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    throw asRollcallError(thrown, 'params_failed', (why) => `The function ${name} threw: ${why}`)
  }
}

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

/** Goes into the query string; a value that is null or undefined is left out. */
export type SocketParams = { readonly [name: string]: string | number | boolean | null | undefined }

/** Throws `invalid_argument` for what a query can't carry, without saying what it was. */
export function paramsAsStrings(params: SocketParams): ReadonlyMap<string, string> {
  throwIfError(objectError('The option params, or what it resolves to,', params))
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      const wanted = 'must be a string, a number, a boolean or null'
      throw invalidArgument(
        `The connect param ${JSON.stringify(name)} ${wanted}, not of type ${typeof value}.`,
      )
    }
    texts.set(name, String(value))
  }
  return texts
}

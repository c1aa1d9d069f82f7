import { encodeBase64 } from '@rollcall/shared-protocol'
import { objectError, throwIfError } from '../arguments'
import { asRollcallError, invalidArgument } from '../errors'
import type { Credentials } from './credentials-state'

/** The options with credentials, each a value or a function that makes it. */
interface Sources {
  readonly params: SocketParams | (() => SocketParams | Promise<SocketParams>)
  readonly authToken: AuthToken
}

/** Whether a function makes them, so that there can be newer ones. */
export function hasFunction({ params, authToken }: Sources): boolean {
  return typeof params === 'function' || typeof authToken === 'function'
}

/** Reads the credentials. If a function makes them, returns a promise that may reject with `params_failed`. */
export function readCredentials(sources: Sources): Credentials | Promise<Credentials> {
  const { params, authToken } = sources
  if (typeof params !== 'function' && typeof authToken !== 'function')
    return { params: paramsAsStrings(params), token: authToken }
  const fetched = Promise.all([
    callSource('params', async () => paramsAsStrings(typeof params === 'function' ? await params() : params)),
    callSource('authToken', async () =>
      checkToken(typeof authToken === 'function' ? await authToken() : authToken),
    ),
  ])
  return fetched.then(([texts, token]) => ({ params: texts, token }))
}

/** Throws `invalid_argument` for what a subprotocol cannot carry. */
function checkToken(token: string | null | undefined): string | null {
  tokenSubprotocolOf(token)
  return token ?? null
}

async function callSource<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    throw asRollcallError(thrown, 'params_failed', (why) => `The function ${name} threw: ${why}`)
  }
}

/** A secret for the handshake, or a function that makes one; null for none. */
export type AuthToken = string | null | (() => string | null | undefined | Promise<string | null | undefined>)

/** The prefix by which Phoenix's client and server mark the subprotocol with the token. */
const PREFIX = 'base64url.bearer.phx.'

/**
 * The subprotocol that carries a token: in a browser it is the only header of a WebSocket that a page can set. Null
 * for no token. Throws `invalid_argument` for an unusable token, and does not show it in the message.
 */
export function tokenSubprotocolOf(token: unknown): string | null {
  if (token === null || token === undefined) return null
  if (typeof token !== 'string' || token === '') {
    const got = token === '' ? 'an empty string' : `of type ${typeof token}`
    throw invalidArgument(
      `The option authToken must be a string, a function that makes one, or null, not ${got}.`,
    )
  }
  // One byte per character: the server reads it so.
  const bytes = Uint8Array.from(token, (character) => character.charCodeAt(0))
  if ([...token].some((character) => character.charCodeAt(0) > 0xff)) {
    throw invalidArgument('The option authToken has a character that is not Latin-1. Encode it.')
  }
  // The prefix says base64url, but Phoenix decodes plain Base64. Only the slash is not allowed in a subprotocol.
  return PREFIX + encodeBase64(bytes).replace(/=/g, '').replace(/\//g, '_')
}

/** Params of the query string. A value that is null or undefined is left out. */
export type SocketParams = { readonly [name: string]: string | number | boolean | null | undefined }

/** Throws `invalid_argument` for a value that a query cannot carry, and does not show it in the message. */
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

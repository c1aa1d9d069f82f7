import { type CryptoKey, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { ServerError } from '../../errors'
import { LONGEST_DELAY_MS, systemClock } from '../../io/clock'
import { isLoopback } from '../../io/mode'
import type { Logger } from '../../log'
import { LEAST_RSA_BITS } from './fixed-key'
import type { JwtJwksOptions } from './jwt-options'

/*
 *  token's kid -> kept? --yes--------------------------------------> key
 *                   | no, or kept for longer than jwksMaxAgeMs
 *                   v
 *             may it be asked? --no--> the kid is unknown, or KeysUnavailable
 *                   | yes: jwksCooldownMs after the last set, RETRY_MS after the last failure
 *                   v
 *              one fetch, for all who wait --> the new set replaces the old
 */

/** The keys cannot be had right now; says nothing about the token. */
export class KeysUnavailable extends Error {}

/** Milliseconds after a fetch that failed in which none is made: handshakes come faster than an outage ends. */
export const RETRY_MS = 1000

/**
 * Finds keys in the set that an issuer publishes. The function rejects with {@link KeysUnavailable} where the set cannot
 * be had, and with jose's errors for tokens that name none of its keys. Throws `invalid_option` for an address that
 * anybody on the way could answer for.
 */
export function remoteKeys(options: JwtJwksOptions, log: Logger): JWTVerifyGetKey {
  const { jwksUrl, jwksTimeoutMs = 5000, jwksMaxAgeMs = 600_000, jwksCooldownMs = 30_000 } = options
  const { clock = systemClock } = options
  const url = checkedUrl(jwksUrl)
  for (const [name, value] of Object.entries({ jwksTimeoutMs, jwksMaxAgeMs, jwksCooldownMs })) {
    if (!Number.isInteger(value) || value <= 0 || value > LONGEST_DELAY_MS) {
      throw new ServerError(
        'invalid_option',
        `${name} must be a whole number of milliseconds above 0, not ${value}.`,
      )
    }
  }
  // A query may hold a secret.
  const from = `${url.origin}${url.pathname}`
  let notBeforeMs = Number.NEGATIVE_INFINITY
  const failed = (error: unknown): KeysUnavailable => {
    notBeforeMs = clock.now() + RETRY_MS
    log.warn(
      { from, why: reasonOf(error) },
      'fetching the keys that sign tokens failed; tokens are refused until it succeeds',
    )
    return new KeysUnavailable()
  }

  const keys = createRemoteJWKSet(url, {
    timeoutDuration: jwksTimeoutMs,
    cacheMaxAge: jwksMaxAgeMs,
    cooldownDuration: jwksCooldownMs,
    [customFetch]: async (address, init) => {
      if (clock.now() < notBeforeMs) throw new KeysUnavailable()
      return fetchBounded(address, init)
    },
  })
  return async (header, token) => {
    try {
      return notWeak(await keys(header, token))
    } catch (error) {
      if (error instanceof KeysUnavailable || isOfTheToken(error)) throw error
      // Handshakes that waited for the same fetch fail with it, and need no line each.
      throw clock.now() < notBeforeMs ? new KeysUnavailable() : failed(error)
    }
  }
}

/** The token names no key of the set, or might mean several. Anything else is wrong with the set. */
function isOfTheToken(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

/** Beyond here jose would throw what looks like a mistake of this program. */
function notWeak(key: CryptoKey): CryptoKey {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number }
  if (modulusLength === undefined || modulusLength >= LEAST_RSA_BITS) return key
  throw new Error(`The set has an RSA key of ${modulusLength} bits; ${LEAST_RSA_BITS} are needed.`)
}

function checkedUrl(given: string | URL): URL {
  const text = String(given)
  if (!URL.canParse(text)) throw new ServerError('invalid_option', 'jwksUrl is not a valid URL.')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    throw new ServerError('invalid_option', 'jwksUrl must not contain a user name or password.')
  const isLocal = isLoopback(url.hostname.replace(/^\[|\]$/g, ''))
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)) return url
  throw new ServerError(
    'invalid_option',
    `jwksUrl must use https:, not ${url.protocol}//${url.host}: over http: an attacker could answer with other keys. http: is allowed only for a loopback address.`,
  )
}

/** Of a failed fetch the cause's code says more than its message. The answer's text stays out of it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { message, cause } = error
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return `${message}${code}`
}

/** What is fetched of a small document at most: a set of keys takes a few kilobytes. */
export const MAX_DOCUMENT_BYTES = 262_144

/** Fetches a document of at most {@link MAX_DOCUMENT_BYTES}; rejects once more has come, and reads no further. */
export async function fetchBounded(
  url: string,
  init: Pick<RequestInit, 'headers' | 'method' | 'redirect' | 'signal'>,
): Promise<Response> {
  const response = await fetch(url, init)
  const { status } = response
  if (status !== 200 || !response.body) {
    letGo(response.body)
    return new Response(null, { status: status === 200 ? 204 : status })
  }
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    bytes += piece.value.byteLength
    if (bytes > MAX_DOCUMENT_BYTES) {
      letGo(reader)
      throw new Error(`The response has more than ${MAX_DOCUMENT_BYTES} bytes.`)
    }
    chunks.push(piece.value)
  }
  return new Response(Buffer.concat(chunks), { status })
}

/** Nobody waits for the end of what is not read, nor wants to know how it came about. (S-76) */
function letGo(body: Pick<ReadableStream, 'cancel'> | null): void {
  body?.cancel().catch(() => {})
}

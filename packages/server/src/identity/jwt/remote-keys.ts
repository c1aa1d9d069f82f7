import { type CryptoKey, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { ServerError } from '../../errors'
import { LONGEST_DELAY_MS, systemClock } from '../../io/clock'
import { isLoopback } from '../../io/mode'
import type { Logger } from '../../log'
import { LEAST_RSA_BITS } from './fixed-key'
import type { JwtJwksOptions } from './jwt-options'

/*
 *  token's kid -> cached? --yes------------------------------------> key
 *                   | no, or older than jwksMaxAgeMs
 *                   v
 *             may we fetch? --no--> the kid is unknown, or KeysUnavailable
 *                   | yes: jwksCooldownMs after the last fetch, RETRY_MS after the last failure
 *                   v
 *              one fetch for all waiting handshakes --> the new set replaces the old
 */

/** The keys could not be fetched, so the token was not checked. */
export class KeysUnavailable extends Error {}

/** Milliseconds after a failed fetch in which the server fetches nothing: handshakes come faster than an outage ends. */
export const RETRY_MS = 1000

/**
 * Finds keys in the set that an issuer publishes. The returned function rejects with {@link KeysUnavailable} when the fetch
 * fails, and with jose's errors for a token that names none of the keys. Throws `invalid_option` for an insecure URL.
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
  // The query may contain a secret.
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
      // Only one of the handshakes that waited for this fetch logs its failure.
      throw clock.now() < notBeforeMs ? new KeysUnavailable() : failed(error)
    }
  }
}

/** Whether the token is at fault: it matches no key, or several. Any other error is a fault of the set. */
function isOfTheToken(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

/** Throws for a short RSA key. Otherwise jose would throw a TypeError, which looks like a bug of this program. */
function notWeak(key: CryptoKey): CryptoKey {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number }
  if (modulusLength === undefined || modulusLength >= LEAST_RSA_BITS) return key
  throw new Error(`The set has an RSA key of ${modulusLength} bits; ${LEAST_RSA_BITS} are needed.`)
}

function checkedUrl(jwksUrl: string | URL): URL {
  const text = String(jwksUrl)
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

/** Returns the error's message and its cause's code. It never includes the response's text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { message, cause } = error
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return `${message}${code}`
}

/** Most bytes of a fetched document. A set of keys has a few kilobytes. */
export const MAX_DOCUMENT_BYTES = 262_144

/** Fetches a document. Rejects as soon as it exceeds {@link MAX_DOCUMENT_BYTES}, and stops reading. */
export async function fetchBounded(
  url: string,
  init: Pick<RequestInit, 'headers' | 'method' | 'redirect' | 'signal'>,
): Promise<Response> {
  const response = await fetch(url, init)
  const { status } = response
  if (status !== 200 || !response.body) {
    cancelQuietly(response.body)
    return new Response(null, { status: status === 200 ? 204 : status })
  }
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    bytes += piece.value.byteLength
    if (bytes > MAX_DOCUMENT_BYTES) {
      cancelQuietly(reader)
      throw new Error(`The response has more than ${MAX_DOCUMENT_BYTES} bytes.`)
    }
    chunks.push(piece.value)
  }
  return new Response(Buffer.concat(chunks), { status })
}

/** Cancels a body and ignores errors: an unhandled rejection would end the process. (S-76) */
function cancelQuietly(body: Pick<ReadableStream, 'cancel'> | null): void {
  body?.cancel().catch(() => {})
}

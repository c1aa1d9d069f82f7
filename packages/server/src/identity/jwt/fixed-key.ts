import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { ServerError } from '../../errors'
import type { JsonWebKey } from './jwt-options'

/** A key that checks signatures, and the only algorithm that it may be used with. */
export interface FixedKey {
  readonly key: KeyObject
  readonly algorithm: 'HS256' | 'RS256' | 'ES256'
}

/** The length of an HS256 signature: a shorter secret is easier to guess than the signature itself. */
const LEAST_SECRET_BYTES = 32
export const LEAST_RSA_BITS = 2048

/** Throws `invalid_option` for a secret that is too short or is a public key. The error never contains the secret. */
export function secretKey(secret: string | Uint8Array): FixedKey {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
    throw new ServerError('invalid_option', 'The JWT secret must be a string or bytes.')
  const bytes = Buffer.from(secret as string)
  // With a public key as its secret, a server would accept tokens from everyone who knows that key.
  if (/^\s*-----BEGIN |^\s*\{.*"kty"/s.test(bytes.toString('latin1'))) {
    throw new ServerError(
      'invalid_option',
      'The JWT secret is a PEM or JWK key. Pass a public key as publicKey (--jwt-public-key): with it as the secret, anyone who knows it could sign tokens.',
    )
  }
  if (bytes.length < LEAST_SECRET_BYTES) {
    throw new ServerError(
      'invalid_option',
      `The JWT secret has ${bytes.length} bytes; HS256 needs ${LEAST_SECRET_BYTES} or more, because a shorter one can be guessed. Create one with: openssl rand -base64 48`,
    )
  }
  return { key: createSecretKey(bytes), algorithm: 'HS256' }
}

/** Throws `invalid_option` for anything but a public RSA or P-256 key. */
export function publicKey(given: string | JsonWebKey): FixedKey {
  const key = typeof given === 'string' ? fromPem(given) : fromJwk(given)
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength >= LEAST_RSA_BITS) return { key, algorithm: 'RS256' }
    throw new ServerError(
      'invalid_option',
      `The JWT public key is RSA of ${modulusLength} bits; RS256 needs ${LEAST_RSA_BITS} or more.`,
    )
  }
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return { key, algorithm: 'ES256' }
  throw new ServerError(
    'invalid_option',
    `The JWT public key is ${[key.asymmetricKeyType, namedCurve].filter(Boolean).join(' ')}; RSA (RS256) and EC P-256 (ES256) are supported.`,
  )
}

function fromPem(pem: string): KeyObject {
  if (pem.includes(' PRIVATE KEY-----')) throw new ServerError('invalid_option', PRIVATE)
  // Node would also accept a certificate, without checking its expiry.
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) {
    throw new ServerError(
      'invalid_option',
      'The JWT public key must be PEM that begins with -----BEGIN PUBLIC KEY-----, or a JWK.',
    )
  }
  try {
    return createPublicKey(pem)
  } catch (cause) {
    throw new ServerError('invalid_option', 'The JWT public key is PEM that cannot be parsed.', { cause })
  }
}

function fromJwk(jwk: JsonWebKey): KeyObject {
  if (typeof jwk !== 'object' || jwk === null)
    throw new ServerError('invalid_option', 'The JWT public key must be PEM or a JWK.')
  if (jwk.kty === 'oct')
    throw new ServerError(
      'invalid_option',
      'The JWT public key is a symmetric JWK. Pass it as secret instead.',
    )
  if (jwk.d !== undefined) throw new ServerError('invalid_option', PRIVATE)
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw new ServerError(
      'invalid_option',
      'The JWT public key is not for signatures: its "use" must be "sig".',
    )
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch (cause) {
    throw new ServerError('invalid_option', 'The JWT public key is a JWK that cannot be parsed.', { cause })
  }
}

const PRIVATE =
  'The JWT public key is a private key. Pass the public half: a server that only checks tokens must not hold the private key.'

/** The content of a token to sign. */
export interface TokenContent {
  /** Its `sub`. */
  readonly id: string
  readonly claims: ReadonlyMap<string, unknown>
  readonly issuer?: string
  readonly audience?: string
  /** Unix seconds. */
  readonly issuedAt: number
  /** Unix seconds. */
  readonly expiresAt: number
}

/** Signs a token with HS256. Throws `invalid_option` for a secret that {@link secretKey} refuses. */
export function signToken(secret: string, content: TokenContent): Promise<string> {
  const { key, algorithm } = secretKey(secret)
  const { id, claims, issuer, audience, issuedAt, expiresAt } = content
  const token = new SignJWT(Object.fromEntries(claims))
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setSubject(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
  if (issuer !== undefined) token.setIssuer(issuer)
  if (audience !== undefined) token.setAudience(audience)
  return token.sign(key)
}

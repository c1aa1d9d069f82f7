import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Authenticate, HandshakeError, Identity } from '../identity/identity'
import { handshake } from './test-node'

export const SECRET = 'thirty-two bytes or more of a secret'

/** The time of the token tests, in Unix seconds. */
export const NOW = 1_800_000_000
export const atNow = { currentTimeMs: () => NOW * 1000 }

export interface Signing {
  readonly alg?: string
  readonly key?: KeyObject
  readonly kid?: string
}

/** A valid token, by default HS256 with {@link SECRET}. */
export function sign(claims: JWTPayload, { alg = 'HS256', key, kid }: Signing = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .sign(key ?? createSecretKey(Buffer.from(SECRET)))
}

/** A token of any parts, as an attacker without the key makes it. */
export function forge(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const rsaPair = (modulusLength = 2048): Pair => generateKeyPairSync('rsa', { modulusLength })
export const ecPair = (namedCurve = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve })
export const pemOf = ({ publicKey }: Pair) => publicKey.export({ type: 'spki', format: 'pem' }) as string

/** The identity in a token, or the refusal. */
export async function tell(
  authenticate: Authenticate,
  token: string | null,
): Promise<Identity | HandshakeError> {
  try {
    return await authenticate(handshake({ token }))
  } catch (error) {
    return error as HandshakeError
  }
}

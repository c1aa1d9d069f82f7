import { SignJWT } from 'jose'
import { secretKey } from './fixed-key'

/** What a token says. */
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

/** A token, signed with HS256. Throws `invalid_option` for a secret that {@link secretKey} does not take. */
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

import { signToken } from '../../../packages/server/src/identity/jwt/fixed-key'
import { nowSeconds } from './jwt'

const LIFE_SECONDS = 3600

/** What an honest person's login gives them, for longer than any attack takes. */
export function honestToken(secret: string, name: string): Promise<string> {
  const issuedAt = nowSeconds()
  return signToken(secret, { id: name, claims: new Map(), issuedAt, expiresAt: issuedAt + LIFE_SECONDS })
}

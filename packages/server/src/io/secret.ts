import { createHash, timingSafeEqual } from 'node:crypto'

/** What is kept of a secret: enough to know it again, not enough to say it. */
export type SecretHash = Buffer

export function hashSecret(secret: string): SecretHash {
  return createHash('sha256').update(secret).digest()
}

/** Takes the same time whatever is wrong about the guess. */
export function isSecret(guess: string, hash: SecretHash): boolean {
  return timingSafeEqual(hashSecret(guess), hash)
}

import { hash, timingSafeEqual } from 'node:crypto'

/** What is kept of a secret: enough to know it again, not enough to say it. In base64, which takes less than a buffer. */
export type SecretHash = string

export function hashSecret(secret: string): SecretHash {
  return hash('sha256', secret, 'base64')
}

/** Takes the same time whatever is wrong about the guess. */
export function isSecret(guess: string, hash: SecretHash): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(guess)), Buffer.from(hash))
}

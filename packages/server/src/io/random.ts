import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOfOne } from '@rollcall/shared-protocol'

/** The server's source of random ids. Tests pass a seeded one. */
export interface RandomSource {
  /** Returns an unguessable id of letters and digits with `bytes` bytes of entropy. */
  id(bytes: number): string
}

export const systemRandom: RandomSource = {
  // Base 36 has no `-` or `_`, so a double click selects the whole id.
  id: (bytes) => BigInt(`0x1${randomBytes(bytes).toString('hex')}`).toString(36),
}

/** The hash of a secret in base64, which takes less memory than a buffer. */
export type SecretHash = string

export function hashSecret(secret: string): SecretHash {
  return hash('sha256', secret, 'base64')
}

/** Compares in constant time. */
export function isSecret(guess: string, hash: SecretHash): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(guess)), Buffer.from(hash))
}

/**
 * Returns `count` ascending delays in milliseconds, spread evenly over `overMs`. Each is random within its share, so that
 * several nodes doing this at once do not act in step.
 */
export function spread(count: number, overMs: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + random()) * overMs) / count)
}

/** Converts a random id to a number of at least 0 and below 1. */
export function fractionOf(id: string): number {
  return digestOfOne(id, 0) / 2 ** 32
}

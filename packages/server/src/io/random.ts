import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOfOne } from '@rollcall/shared-protocol'

/** Chance, as far as the server knows it. Tests pass a seeded one. */
export interface RandomSource {
  /** A fresh id of letters and digits that nobody can guess, with `bytes` bytes of chance in it. */
  id(bytes: number): string
}

export const systemRandom: RandomSource = {
  // Without `-` and `_`, an id can be selected with a double click.
  id: (bytes) => BigInt(`0x1${randomBytes(bytes).toString('hex')}`).toString(36),
}

/** What is kept of a secret: enough to know it again, not enough to say it. In base64, which takes less than a buffer. */
export type SecretHash = string

export function hashSecret(secret: string): SecretHash {
  return hash('sha256', secret, 'base64')
}

/** Takes the same time whatever is wrong about the guess. */
export function isSecret(guess: string, hash: SecretHash): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(guess)), Buffer.from(hash))
}

/**
 * When to do each of `count` things so that they are spread evenly over `overMs`: milliseconds from now, in order. Within
 * its share of the time each has a place by chance, so that several nodes that do this at once do not keep step.
 */
export function spread(count: number, overMs: number, chance: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + chance()) * overMs) / count)
}

/** A number from 0 up to, and without, 1 that an id of chance comes to. */
export function fractionOf(id: string): number {
  return digestOfOne(id, 0) / 2 ** 32
}

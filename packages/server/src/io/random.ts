import { randomBytes } from 'node:crypto'

/** Chance, as far as the server knows it. Tests pass a seeded one. */
export interface RandomSource {
  /** A fresh id of letters and digits that nobody can guess, with `bytes` bytes of chance in it. */
  id(bytes: number): string
}

export const systemRandom: RandomSource = {
  // Without `-` and `_`, an id can be selected with a double click.
  id: (bytes) => BigInt(`0x1${randomBytes(bytes).toString('hex')}`).toString(36),
}

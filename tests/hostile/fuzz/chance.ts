import { SeededRandom } from '../../../packages/server/src/testing-support/seeded-random'

/** Where all that is made up comes from: the same seed, the same input. */
export class Chance extends SeededRandom {
  /** The chance of one input of a series: any of them can be made again without those before it. */
  static of(seed: number, index: number): Chance {
    // Neighbouring seeds would begin alike.
    return new Chance(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index + 1, 0xc2b2ae35))
  }

  /** Once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  /** One of these, each as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, choice] of choices) {
      left -= weight
      if (left < 0) return choice
    }
    throw new RangeError('Nothing has a weight.')
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.below(256)
    return bytes
  }

  /** Mostly short, sometimes past a limit, now and then long. */
  length(): number {
    return this.weighted([
      [12, () => this.below(8)],
      [4, () => this.below(70)],
      [2, () => this.pick([63, 64, 65, 127, 128, 129, 255, 256, 257])],
      [1, () => this.below(3000)],
    ])()
  }
}

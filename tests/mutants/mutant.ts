export interface Mutant {
  readonly name: string
  /** What it breaks: a law by its number in the design, or by its id in a package's SPEC.md. */
  readonly law: number | string
  readonly breaks: string
  /** Of the source, from the repository's root. */
  readonly file: string
  /** Text that occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The tests that are to notice, by the beginning of their path: few, so that a run of them all is short. */
  readonly tests: readonly string[]
}

export const protocol = 'packages/shared-protocol/src'
export const server = 'packages/server/src'
export const client = 'packages/client/src'

/** A mutant that changes nothing that anybody could see, so that no test can notice it. */
export interface EquivalentMutant {
  /** Path of the source file. */
  readonly file: string
  /** The first line that StrykerJS changed, trimmed. */
  readonly line: string
  /** The same line as StrykerJS left it. */
  readonly becomes: string
  /** Why nobody can see the difference. */
  readonly reason: string
}

export const equivalentMutants: readonly EquivalentMutant[] = []

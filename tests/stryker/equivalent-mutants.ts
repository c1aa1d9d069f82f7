/** A mutant that changes nothing that anybody could see, so that no test can notice it. */
export interface EquivalentMutant {
  /** Path of the source file. */
  readonly file: string
  /** The first line that StrykerJS changed, as `npm run stryker` prints it. */
  readonly line: string
  /** The same line as StrykerJS left it. */
  readonly becomes: string
  /** Why nobody can see the difference. */
  readonly reason: string
}

/** `line` in each of several ways, for one reason. */
const all = (file: string, reason: string, line: string, ...becoming: string[]): EquivalentMutant[] =>
  becoming.map((becomes) => ({ file, line, becomes, reason }))

const machine = 'packages/client/src/machine'
const staging = 'packages/server/src/presence/staging.ts'
const topicLine = 'packages/server/src/store/redis/topic-line.ts'
const presenceSet = 'packages/shared-protocol/src/presence/presence-set.ts'

export const equivalentMutants: readonly EquivalentMutant[] = [
  ...all(
    `${machine}/channel-machine.ts`,
    'Without a connection nothing else of the context is read; the rest is for the compiler.',
    'const step = depart(state, { ...context, isConnected: false })',
    'const step = depart(state, {})',
  ),
  ...all(
    `${machine}/own-meta.ts`,
    'A state that is ready has nothing pending; the check is for the compiler.',
    "const pending = pendingOf(wanted, state.name === 'cooling' ? state.pending : null)",
    'const pending = pendingOf(wanted, true ? state.pending : null)',
  ),
  ...all(
    presenceSet,
    'The index names only refs that the map holds; the check is for the compiler.',
    'if (held) presences.push(held)',
    'if (true) presences.push(held)',
  ),
  ...all(
    presenceSet,
    'Speed alone: a step of many changes tells the same of one, only slower.',
    'const step = joins.length + updates.length + leaves.length === 1 ? new OneStep<M>() : new NetStep<M>()',
    'const step = false ? new OneStep<M>() : new NetStep<M>()',
  ),
  ...all(
    presenceSet,
    'Speed alone: putting keys of one presence in order changes nothing.',
    'if (this.#byKey.size < this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
    'if (true) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
    'if (this.#byKey.size <= this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
  ),
  ...all(
    staging,
    'Whatever is not doubtful is certain.',
    "leave(ref: PresenceRef, reason: LeaveReason, certainty: 'certain' | 'doubtful' = 'certain'): void {",
    "leave(ref: PresenceRef, reason: LeaveReason, certainty: 'certain' | 'doubtful' = \"\"): void {",
  ),
  ...all(
    topicLine,
    'What is settled has waited, so that its timer is there; the question mark is for the compiler.',
    'this.#settling?.cancel()',
    'this.#settling.cancel()',
  ),
]

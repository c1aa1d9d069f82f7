/*
 * Deliberately broken builds, at least one for each law of DESIGN, section 4. `npm run mutants` makes each of them in
 * turn and expects a test to notice: a law whose breaking nobody notices is not held by anything.
 */

export interface Mutant {
  readonly name: string
  /** The law that it breaks, by its number in the design. */
  readonly law: number
  readonly breaks: string
  /** Of the source, from the repository's root. */
  readonly file: string
  /** Text that occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The tests that are to notice, by the beginning of their path: few, so that a run of them all is short. */
  readonly tests: readonly string[]
}

const protocol = 'packages/shared-protocol/src'
const server = 'packages/server/src'
const client = 'packages/client/src'

export const mutants: readonly Mutant[] = [
  {
    name: 'skipped-diff',
    law: 1,
    breaks: 'a client applies whatever diff comes, gap or not',
    file: `${protocol}/presence/continuity.ts`,
    find: "return diff.base === at.seq ? 'apply' : 'resync'",
    replace: "return 'apply'",
    tests: [`${protocol}/presence/continuity`, `${client}/machine/mirror`],
  },
  {
    name: 'digest-ignored',
    law: 1,
    breaks: 'a map that does not have the digest it should is believed',
    file: `${client}/machine/mirror.ts`,
    find: 'if (!event.isEqual)',
    replace: 'if (event.isEqual === null)',
    tests: [`${client}/machine/mirror`, `${client}/presence-feed.prop`],
  },
  {
    name: 'diff-before-state',
    law: 1,
    breaks: 'a member is told of diffs before it was given the state',
    file: `${server}/presence/members.ts`,
    find: 'if (needsState && (this.#waiting.has(member) || this.#due.has(member))) continue',
    replace: '',
    tests: [`${server}/presence/members`, `${server}/presence/topic-hub`],
  },
  {
    name: 'join-and-leave-told',
    law: 2,
    breaks: 'who joins and leaves within one flush is told of',
    file: `${server}/presence/staging.ts`,
    find: 'if (this.#fresh.delete(ref)) this.#staged.delete(ref)\n    else this',
    replace: 'this.#fresh.delete(ref)\n    this',
    tests: [`${server}/presence/staging`],
  },
  {
    name: 'merge-not-net',
    law: 2,
    breaks: 'diffs that are merged keep a leave of somebody whose join they cancelled',
    file: `${protocol}/presence/merge-diffs.ts`,
    find: 'if (joins.delete(leave.ref)) continue',
    replace: 'joins.delete(leave.ref)',
    tests: [`${protocol}/presence/merge-diffs`],
  },
  {
    name: 'update-as-leave-and-join',
    law: 3,
    breaks: 'an update is a leave and a join',
    file: `${server}/presence/registry.ts`,
    find: 'if (held?.key === key) {',
    replace: 'if (held === null) {',
    tests: [`${server}/presence/registry`],
  },
  {
    name: 'every-device-appears',
    law: 4,
    breaks: 'a second device of a key is told as if the key had come',
    file: `${protocol}/presence/key-index.ts`,
    find: 'return held === undefined\n',
    replace: 'return true\n',
    tests: [`${protocol}/presence/presence-set`],
  },
  {
    name: 'device-takes-key',
    law: 4,
    breaks: 'a key disappears with the first of its devices',
    file: `${protocol}/presence/key-index.ts`,
    find: 'if (held.size > 0) return false',
    replace: '',
    tests: [`${protocol}/presence/presence-set`],
  },
  {
    name: 'no-fencing',
    law: 5,
    breaks: "an older connection's late end takes the session of the newer one",
    file: `${server}/session/session-machine.ts`,
    find: 'if (generation !== state.generation) return stay(state)',
    replace: '',
    tests: [`${server}/session`],
  },
  {
    name: 'stolen-back',
    law: 5,
    breaks: 'the token of a page whose session a copy has taken over takes it back',
    file: `${server}/session/sessions.ts`,
    find: 'if (!isCurrent && !(isPrevious && isHolder)) return null',
    replace: 'if (!isCurrent && !isPrevious) return null',
    tests: [`${server}/session`],
  },
  {
    name: 'no-grace',
    law: 6,
    breaks: 'a session ends with its connection',
    file: `${server}/session/session-machine.ts`,
    find: 'if (graceMs <= 0) return leave(reason)',
    replace: 'if (graceMs !== null) return leave(reason)',
    tests: [`${server}/session`],
  },
  {
    name: 'any-secret',
    law: 6,
    breaks: 'whoever knows the id of a session can take it',
    file: `${server}/io/secret.ts`,
    find: 'return timingSafeEqual(Buffer.from(hashSecret(guess)), Buffer.from(hash))',
    replace: 'return timingSafeEqual(Buffer.from(hash), Buffer.from(hash))',
    tests: [`${server}/io/secret`, `${server}/session/resume`],
  },
  {
    name: 'restart-flickers',
    law: 6,
    breaks: 'whom a restarted server has not seen again yet is told as gone',
    file: `${client}/presence-feed.ts`,
    find: 'const keepsAbsent = this.#settlingMs() > 0 &&',
    replace: 'const keepsAbsent = this.#settlingMs() < 0 &&',
    tests: [`${client}/presence-feed`],
  },
  {
    name: 'always-state',
    law: 7,
    breaks: 'who comes back is given everything, whatever it missed',
    file: `${server}/presence/welcome.ts`,
    find: 'const missed = since && this.#missedSince(since)',
    replace: 'const missed = since === undefined ? this.#missedSince(since) : null',
    tests: [`${server}/presence/welcome`, `${server}/channel/rejoin`],
  },
  {
    name: 'half-open-for-ever',
    law: 8,
    breaks: 'a peer that answers no ping is waited for',
    file: `${server}/connection/heartbeat.ts`,
    find: "? 'dead' : 'fine'",
    replace: "? 'fine' : 'fine'",
    tests: [`${server}/connection/heartbeat`],
  },
  {
    name: 'leave-lost',
    law: 8,
    breaks: 'a leave that the server never got is not repeated',
    file: `${client}/uplink.ts`,
    find: 'else for (const topic of topics) this.renounce(topic)',
    replace: '',
    tests: [`${client}/uplink`, `${client}/channel`],
  },
  {
    name: 'endless-outbox',
    law: 9,
    breaks: 'a peer that never reads is sent more and more',
    file: `${server}/connection/outbox.ts`,
    find: 'if (backlogBytes > hardLimitBytes)',
    replace: 'if (backlogBytes > Number.POSITIVE_INFINITY)',
    tests: [`${server}/connection/outbox`],
  },
  {
    name: 'endless-history',
    law: 9,
    breaks: 'every diff is kept',
    file: `${server}/presence/history.ts`,
    find: 'while (this.#diffs.length > this.#options.maxDiffs || this.#bytes > this.#options.maxBytes)',
    replace: 'while (this.#diffs.length > Number.POSITIVE_INFINITY)',
    tests: [`${server}/presence/history`],
  },
  {
    name: 'inherited-handler',
    law: 10,
    breaks: 'an event called "constructor" finds a handler',
    file: `${server}/channel/perform.ts`,
    find: 'definition.handlerOf.get(event)',
    replace: 'definition.handlers?.[event]',
    tests: [`${server}/channel/reference-channel`, 'tests/real/bad-input.test.ts'],
  },
  {
    name: 'inherited-field',
    law: 10,
    breaks: 'a field that is not there is read from the prototype',
    file: `${protocol}/json.ts`,
    find: 'return Object.hasOwn(object, name) ? object[name] : undefined',
    replace: 'return object[name]',
    tests: [`${protocol}/json`],
  },
  {
    name: 'leaves-forgotten',
    law: 11,
    breaks: 'members are not told of diffs in which somebody leaves',
    file: `${server}/presence/topic-hub.ts`,
    find: 'if (!full) return',
    replace: 'if (!full || full.leaves.length > 0) return',
    tests: [`${server}/presence/topic-hub`],
  },
]

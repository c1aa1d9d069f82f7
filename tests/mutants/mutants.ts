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
  /** Where the tests are that are to notice. */
  readonly tests: readonly string[]
}

const protocol = 'packages/shared-protocol/src'
const server = 'packages/server/src'
const client = 'packages/client/src'
const sim = 'tests/sim/laws.test.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'skipped-diff',
    law: 1,
    breaks: 'a client applies whatever diff comes, gap or not',
    file: `${protocol}/presence/continuity.ts`,
    find: "return diff.base === at.seq ? 'apply' : 'resync'",
    replace: "return 'apply'",
    tests: [protocol, client],
  },
  {
    name: 'digest-ignored',
    law: 1,
    breaks: 'a map that does not have the digest it should is believed',
    file: `${client}/machine/mirror.ts`,
    find: 'if (!event.isEqual)',
    replace: 'if (event.isEqual === null)',
    tests: [client],
  },
  {
    name: 'diff-before-state',
    law: 1,
    breaks: 'a member is told of diffs before it was given the state',
    file: `${server}/presence/members.ts`,
    find: 'if (needsState && (this.#waiting.has(member) || this.#due.has(member))) continue',
    replace: '',
    tests: [server],
  },
  {
    name: 'join-and-leave-told',
    law: 2,
    breaks: 'who joins and leaves within one flush is told of',
    file: `${server}/presence/staging.ts`,
    find: 'if (this.#fresh.delete(ref)) this.#staged.delete(ref)\n    else this',
    replace: 'this.#fresh.delete(ref)\n    this',
    tests: [server],
  },
  {
    name: 'merge-not-net',
    law: 2,
    breaks: 'diffs that are merged keep a leave of somebody whose join they cancelled',
    file: `${protocol}/presence/merge-diffs.ts`,
    find: 'if (joins.delete(leave.ref)) continue',
    replace: 'joins.delete(leave.ref)',
    tests: [protocol],
  },
  {
    name: 'update-as-leave-and-join',
    law: 3,
    breaks: 'an update is a leave and a join',
    file: `${server}/presence/registry.ts`,
    find: 'if (held?.key === key) {',
    replace: 'if (held === null) {',
    tests: [server],
  },
  {
    name: 'every-device-appears',
    law: 4,
    breaks: 'a second device of a key is told as if the key had come',
    file: `${protocol}/presence/presence-set.ts`,
    find: 'if (isPresent && !wasPresent)',
    replace: 'if (isPresent)',
    tests: [protocol],
  },
  {
    name: 'device-takes-key',
    law: 4,
    breaks: 'a key disappears with the first of its devices',
    file: `${protocol}/presence/key-index.ts`,
    find: 'if (held.size === 0) this.#held.delete(presence.key)',
    replace: 'this.#held.delete(presence.key)',
    tests: [protocol, sim],
  },
  {
    name: 'no-fencing',
    law: 5,
    breaks: "an older connection's late end takes the session of the newer one",
    file: `${server}/session/session-machine.ts`,
    find: 'if (generation !== state.generation) return stay(state)',
    replace: '',
    tests: [server, sim],
  },
  {
    name: 'stolen-back',
    law: 5,
    breaks: 'the token of a page whose session a copy has taken over takes it back',
    file: `${server}/session/sessions.ts`,
    find: 'if (!isCurrent && !(isPrevious && isHolder)) return null',
    replace: 'if (!isCurrent && !isPrevious) return null',
    tests: ['tests/real/resume.test.ts', server],
  },
  {
    name: 'no-grace',
    law: 6,
    breaks: 'a session ends with its connection',
    file: `${server}/session/session-machine.ts`,
    find: 'if (graceMs <= 0) return leave(reason)',
    replace: 'if (graceMs !== null) return leave(reason)',
    tests: [sim],
  },
  {
    name: 'any-secret',
    law: 6,
    breaks: 'whoever knows the id of a session can take it',
    file: `${server}/io/secret.ts`,
    find: 'return timingSafeEqual(hashSecret(guess), hash)',
    replace: 'return timingSafeEqual(hash, hash)',
    tests: ['tests/real/resume.test.ts', server],
  },
  {
    name: 'restart-flickers',
    law: 6,
    breaks: 'whom a restarted server has not seen again yet is told as gone',
    file: `${client}/presence-feed.ts`,
    find: 'const keepsAbsent = this.#settlingMs() > 0 &&',
    replace: 'const keepsAbsent = this.#settlingMs() < 0 &&',
    tests: [sim],
  },
  {
    name: 'always-state',
    law: 7,
    breaks: 'who comes back is given everything, whatever it missed',
    file: `${server}/presence/welcome.ts`,
    find: 'const missed = since && this.#missedSince(since)',
    replace: 'const missed = since === undefined ? this.#missedSince(since) : null',
    tests: ['tests/real/resume.test.ts', server],
  },
  {
    name: 'half-open-for-ever',
    law: 8,
    breaks: 'a peer that answers no ping is waited for',
    file: `${server}/connection/heartbeat.ts`,
    find: "? 'dead' : 'fine'",
    replace: "? 'fine' : 'fine'",
    tests: [server, sim],
  },
  {
    name: 'leave-lost',
    law: 8,
    breaks: 'a leave that the server never got is not repeated',
    file: `${client}/uplink.ts`,
    find: 'else for (const topic of topics) this.renounce(topic)',
    replace: '',
    tests: [client, sim],
  },
  {
    name: 'endless-outbox',
    law: 9,
    breaks: 'a peer that never reads is sent more and more',
    file: `${server}/connection/outbox.ts`,
    find: 'if (bufferedBytes > this.#maxBufferedBytes)',
    replace: 'if (bufferedBytes > Number.POSITIVE_INFINITY)',
    tests: [server],
  },
  {
    name: 'endless-history',
    law: 9,
    breaks: 'every diff is kept',
    file: `${server}/presence/history.ts`,
    find: 'while (this.#diffs.length > this.#options.maxDiffs || this.#bytes > this.#options.maxBytes)',
    replace: 'while (this.#diffs.length > Number.POSITIVE_INFINITY)',
    tests: [server],
  },
  {
    name: 'inherited-handler',
    law: 10,
    breaks: 'an event called "constructor" finds a handler',
    file: `${server}/channel/perform.ts`,
    find: 'definition.handlerOf.get(event)',
    replace: 'definition.handlers?.[event]',
    tests: [server, 'tests/real/bad-input.test.ts'],
  },
  {
    name: 'inherited-field',
    law: 10,
    breaks: 'a field that is not there is read from the prototype',
    file: `${protocol}/json.ts`,
    find: 'return Object.hasOwn(object, name) ? object[name] : undefined',
    replace: 'return object[name]',
    tests: [protocol],
  },
  {
    name: 'leaves-forgotten',
    law: 11,
    breaks: 'members are not told of diffs in which somebody leaves',
    file: `${server}/presence/topic-hub.ts`,
    find: 'if (!full) return',
    replace: 'if (!full || full.leaves.length > 0) return',
    tests: [sim],
  },
]

import { defenceMutants } from './defence-mutants.ts'
import { client, type Mutant, protocol, server } from './mutant.ts'
import { nodeMutants } from './node-mutants.ts'
import { storeMutants } from './store-mutants.ts'

/*
 * Deliberately broken builds: of the laws of DESIGN, section 4, of several nodes and the Redis between them
 * (node-mutants.ts), of a store that does not serve (store-mutants.ts), and of the defences against strangers (defence-mutants.ts). `npm run mutants` makes each of them in
 * turn and expects a test to notice: a law whose breaking nobody notices is not held by anything. What StrykerJS breaks
 * by itself in a pure file (tests/stryker/pure-files.ts) is not repeated here.
 */

const lawMutants: readonly Mutant[] = [
  {
    name: 'update-as-leave-and-join',
    law: 3,
    breaks: 'an update is a leave and a join',
    file: `${server}/presence/presence-registry.ts`,
    find: 'if (held?.key === key) {',
    replace: 'if (held === null) {',
    tests: [`${server}/presence/presence-registry`],
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
    name: 'any-secret',
    law: 6,
    breaks: 'whoever knows the id of a session can take it',
    file: `${server}/io/random.ts`,
    find: 'return timingSafeEqual(Buffer.from(hashSecret(guess)), Buffer.from(hash))',
    replace: 'return timingSafeEqual(Buffer.from(hash), Buffer.from(hash))',
    tests: [`${server}/io/secret`, `${server}/session/resume`],
  },
  {
    name: 'restart-flickers',
    law: 6,
    breaks: 'presences that a restarted server has not confirmed yet leave',
    file: `${client}/presence/presence-feed.ts`,
    find: 'const keepsAbsent = this.#recoveringMs() > 0 &&',
    replace: 'const keepsAbsent = this.#recoveringMs() < 0 &&',
    tests: [`${client}/presence/presence-feed`],
  },
  {
    name: 'always-state',
    law: 7,
    breaks: 'who comes back is given everything, whatever it missed',
    file: `${server}/presence/state-delivery.ts`,
    find: 'const missed = since && this.#missedSince(since)',
    replace: 'const missed = since === undefined ? this.#missedSince(since) : null',
    tests: [`${server}/presence/state-packets`, `${server}/channel/rejoin`],
  },
  {
    name: 'half-open-for-ever',
    law: 8,
    breaks: 'a peer that answers no ping is waited for',
    file: `${server}/connection/heartbeat.ts`,
    find: "? 'dead' : 'alive'",
    replace: "? 'fine' : 'fine'",
    tests: [`${server}/connection/heartbeat`],
  },
  {
    name: 'leave-lost',
    law: 8,
    breaks: 'a leave that the server never received is not sent again',
    file: `${client}/connection/client-connection.ts`,
    find: 'else for (const topic of topics) this.leaveLater(topic)',
    replace: '',
    tests: [`${client}/connection/client-connection`, `${client}/channel/channel`],
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
    name: 'inherited-handler',
    law: 10,
    breaks: 'an event called "constructor" finds a handler',
    file: `${server}/channel/run-handler.ts`,
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
    find: 'if (full) this.#addPending(full)',
    replace: 'if (full && full.leaves.length === 0) this.#addPending(full)',
    tests: [`${server}/presence/topic-hub`],
  },
]

export const mutants: readonly Mutant[] = [...lawMutants, ...nodeMutants, ...storeMutants, ...defenceMutants]

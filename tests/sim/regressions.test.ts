import { expect, test } from 'vitest'
import { play, type Schedule } from './schedule'

/*
 * Schedules that once broke a law, cut down to the steps that matter. The page in slot 0 is ada's, the one in slot 1
 * bob's; both are joined to the first topic, with their slot's number as meta, and at rest when the steps begin. Every
 * schedule ends with a rest of its own. CONTRIBUTING.md says how a new one gets here.
 */

/** Every law that is broken. */
const broken = (ops: Schedule['ops']) => play({ seed: 1, pages: 2, ops })

test('[C-23] a server that restarts: who is back first does not see the other leave and come', async () => {
  expect(await broken([{ op: 'restart' }])).toEqual([])
})

test('[C-20] a page that leaves and joins again while half open is present with what it says now', async () => {
  // The session is resumed with the membership from before the leave: going on with that would keep the old meta.
  expect(
    await broken([
      { op: 'halfOpen', slot: 0 },
      { op: 'leave', slot: 0, topic: 0 },
      { op: 'join', slot: 0, topic: 0, n: 7 },
    ]),
  ).toEqual([])
})

test('[S-5] [C-21] a page and the copy of its tab do not take the session from each other', async () => {
  // The page is away while the copy takes the session over. Back with the older token, it would go on with the
  // copy's presence and lose its own.
  expect(
    await broken([
      { op: 'drop', slot: 0 },
      { op: 'duplicateTab', slot: 0, into: 3 },
      { op: 'deliverAll' },
      { op: 'update', slot: 3, topic: 0, n: 9 },
    ]),
  ).toEqual([])
})

test('[S-8] [C-22] a leave that is lost twice leaves no ghost', async () => {
  expect(
    await broken([
      { op: 'halfOpen', slot: 0 },
      { op: 'leave', slot: 0, topic: 0 },
      // Ada's client gives the connection up and opens another; bob's is kept alive.
      { op: 'wait', ms: 1000 },
      { op: 'deliverAll' },
      { op: 'wait', ms: 1000 },
      // Hers, one parcel at a time: connect, open, hello, and the answer, after which the leave is said again.
      { op: 'deliver', choices: [0, 0, 0, 0] },
      { op: 'halfOpen', slot: 0 },
    ]),
  ).toEqual([])
})

test('[C-22] leave, join and leave in a row end as left', async () => {
  expect(
    await broken([
      { op: 'leave', slot: 0, topic: 0 },
      { op: 'join', slot: 0, topic: 0, n: 5 },
      { op: 'leave', slot: 0, topic: 0 },
    ]),
  ).toEqual([])
})

/** Ada's client has been told how long the server settles, and has not joined again yet. */
const toldHowLong: Schedule['ops'] = [
  { op: 'restart' },
  { op: 'deliverAll' },
  { op: 'wait', ms: 450 },
  // Hers, one parcel at a time: connect, open, hello, and not her join but the answer to the hello.
  { op: 'deliver', choices: [0, 0, 0, 1] },
]

test('[C-23] a clock that is set forward while a server settles does not make the wait shorter', async () => {
  expect(await broken([...toldHowLong, { op: 'jump', slot: 0, ms: 3_600_000 }])).toEqual([])
})

test('[C-23] a clock that is set back while a server settles does not make the wait longer', async () => {
  expect(
    await broken([...toldHowLong, { op: 'jump', slot: 0, ms: -3_600_000 }, { op: 'close', slot: 1 }]),
  ).toEqual([])
})

test('[C-23] settling is not over because a page that has gone deaf counted to its end', async () => {
  expect(
    await broken([
      { op: 'restart' },
      { op: 'deliverAll' },
      { op: 'wait', ms: 1000 },
      // Ada's connect, open, hello and its answer, join, reply and state. Bob is not in that, and goes on being shown.
      { op: 'deliver', choices: [0, 0, 0, 1, 0, 0, 0] },
      { op: 'halfOpen', slot: 0 },
      // Bob is back within the grace; ada does not hear of it.
      { op: 'deliverAll' },
      { op: 'wait', ms: 60 },
      { op: 'deliverAll' },
      // The server's settling is over, and ada's client has not noticed yet that its connection is dead.
      { op: 'wait', ms: 1000 },
    ]),
  ).toEqual([])
})

test('[C-23] a new device that comes and goes while a server settles does not take its person away', async () => {
  // Nothing tells it from the device that was there before, whose return is still to come.
  expect(
    await broken([
      { op: 'restart' },
      { op: 'deliverAll' },
      { op: 'wait', ms: 450 },
      // Ada's connect, open, hello and its answer, join, reply and state.
      { op: 'deliver', choices: [0, 0, 0, 1, 0, 0, 0] },
      { op: 'open', slot: 2, key: 1 },
      { op: 'join', slot: 2, topic: 0, n: 5 },
      // The new page's connect, open, hello and join, and what ada is told of it.
      { op: 'deliver', choices: [1, 1, 1, 1] },
      { op: 'wait', ms: 60 },
      { op: 'deliver', choices: [0] },
      { op: 'close', slot: 2 },
      // Its goodbye, and what ada is told of that. Bob's older page has not got through yet.
      { op: 'deliver', choices: [1] },
      { op: 'wait', ms: 60 },
      { op: 'deliver', choices: [0] },
    ]),
  ).toEqual([])
})

test('[S-9] [C-18] a page that reads nothing for a while has the map when it reads on', async () => {
  expect(
    await broken([
      { op: 'clog', slot: 1 },
      { op: 'update', slot: 0, topic: 0, n: 5 },
      { op: 'deliverAll' },
      { op: 'wait', ms: 60 },
      { op: 'update', slot: 0, topic: 0, n: 6 },
      { op: 'deliverAll' },
      { op: 'wait', ms: 60 },
      { op: 'readOn', slot: 1 },
    ]),
  ).toEqual([])
})

/** The same over servers that share a store. */
const brokenOver = (nodes: number, ops: Schedule['ops']) => play({ seed: 1, nodes, pages: 2, ops })

test('[S-24] a server that drains while the store is away is lost, and its clients are not seen leaving', async () => {
  for (let node = 0; node < 3; node++) {
    expect(
      await brokenOver(3, [
        { op: 'storeAway', ms: 3000, losesAnswer: false },
        { op: 'drain', node },
        { op: 'wait', ms: 300 },
        { op: 'halfOpen', slot: 0 },
      ]),
    ).toEqual([])
  }
})

test('[S-8] [S-26] a page that left while half open has left at the node to which it comes back, too', async () => {
  expect(
    await play({
      seed: 719294151,
      nodes: 3,
      pages: 0,
      ops: [
        { op: 'open', slot: 0, key: 0 },
        { op: 'wait', ms: 2500 },
        { op: 'open', slot: 3, key: 0 },
        { op: 'join', slot: 3, topic: 0, n: 0 },
        { op: 'deliverAll' },
        { op: 'close', slot: 0 },
        { op: 'deliverAll' },
        { op: 'leave', slot: 3, topic: 0 },
        { op: 'halfOpen', slot: 3 },
      ],
    }),
  ).toEqual([])
})

test('[S-22] [S-28] an adoption whose answer is lost leaves no second presence behind', async () => {
  for (let slot = 0; slot < 2; slot++) {
    expect(
      await brokenOver(3, [
        { op: 'restart', node: slot },
        { op: 'deliverAll' },
        { op: 'wait', ms: 300 },
        { op: 'deliver', choices: [0, 0, 0] },
        { op: 'storeAway', ms: 100, losesAnswer: true },
        { op: 'deliverAll' },
        { op: 'wait', ms: 1000 },
      ]),
    ).toEqual([])
  }
})

test('[S-26] a node that asks for a presence until the store answers takes nothing from the node that has the session by then', async () => {
  expect(
    await play({
      seed: -747480581,
      nodes: 3,
      pages: 0,
      ops: [
        { op: 'open', slot: 2, key: 0 },
        { op: 'deliverAll' },
        { op: 'open', slot: 0, key: 0 },
        { op: 'wait', ms: 2500 },
        { op: 'deliverAll' },
        { op: 'join', slot: 2, topic: 0, n: 0 },
        { op: 'storeAway', ms: 3000, losesAnswer: false },
        { op: 'wait', ms: 10 },
        { op: 'deliver', choices: [0] },
        { op: 'wait', ms: 1000 },
        { op: 'clog', slot: 0 },
        { op: 'storeAway', ms: 100, losesAnswer: false },
        { op: 'close', slot: 3 },
        { op: 'wait', ms: 1000 },
        { op: 'deliver', choices: [0] },
      ],
    }),
  ).toEqual([])
})

import { digestOf, type Position, type Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../testing-support/virtual-clock'
import type { TopicFeed } from '../store'
import { FeedSequencer } from './feed-sequencer'
import type { StoredSnapshot } from './scripts/snapshot'
import { NO_HISTORY } from './scripts/topic'
import type { TopicMessage } from './topic-message'

const GAP_MS = 200
const SETTLE_MS = 4_000
const presence = (n: number): Presence => ({ ref: `r${n}`, key: `k${n}`, meta: {}, rev: 0 })
/** The state at `seq`: one presence has joined in each step. */
const crowd = (seq: number) => Array.from({ length: seq }, (_, i) => presence(i + 1))

function snapshot(seq: number, epoch = 'e', some: Partial<StoredSnapshot> = {}): StoredSnapshot {
  const presences = crowd(seq)
  return {
    ...{ epoch, seq, presences, digest: digestOf(presences), holders: presences.map(() => 'n1') },
    asserted: new Set(),
    reasons: new Map(),
    ...some,
  }
}

function joined(seq: number, epoch = 'e'): TopicMessage {
  const diff = { epoch, base: seq - 1, seq, digest: digestOf(crowd(seq)), joins: [presence(seq)] }
  return {
    kind: 'diff',
    diff: { ...diff, updates: [], leaves: [] },
    was: digestOf(crowd(seq - 1)),
    node: 'n1',
  }
}

const bus: TopicMessage = { kind: 'bus', from: 's', message: { event: 'm', payload: {} } }
const asserted = (node: string, ...former: string[]): TopicMessage => ({
  kind: 'asserted',
  epoch: 'other',
  node,
  former,
})

/** A line, with what its feed was told and what it asked for. */
function lineOf({ onSnapshot }: Partial<Pick<TopicFeed, 'onSnapshot'>> = {}) {
  const told: string[] = []
  const clock = new VirtualClock()
  const line = new FeedSequencer(
    {
      onSnapshot: (state, reasons) => {
        told.push(`state ${state.epoch} ${state.seq}`)
        onSnapshot?.(state, reasons)
      },
      onDiff: ({ seq }) => told.push(`diff ${seq}`),
      onMessage: () => told.push('message'),
    },
    clock,
    { gapMs: GAP_MS, settleMs: SETTLE_MS },
    (isAssert) => told.push(isAssert ? 'assert' : 'snapshot'),
  )
  /** What was told since the last call. */
  return { line, clock, told: () => told.splice(0) }
}

function live(seq = 5, epoch = 'e') {
  const all = lineOf()
  all.line.applySnapshot(snapshot(seq, epoch))
  all.told()
  return all
}

/** A line that knows a presence of each node and waits for them in another history, which has nobody. */
function settling(...holders: string[]) {
  const all = lineOf()
  all.line.applySnapshot(snapshot(holders.length, 'e', { holders }))
  all.line.markStale()
  all.line.applySnapshot(snapshot(0, 'other'))
  return all
}

describe('a topic’s line', () => {
  test('knows no position, and passes on no message, before its first state', () => {
    const { line, told } = lineOf()
    line.receive(bus)
    expect([line.isOpening, line.known, told()]).toEqual([true, null, []])
    line.applySnapshot(snapshot(2))
    line.receive(bus)
    expect([line.isOpening, told()]).toEqual([false, ['state e 2', 'message']])
    expect(line.known).toMatchObject({ epoch: 'e', seq: 2 })
  })

  test('asks for a state once a gap has stood for its time, and not before', async () => {
    const { line, clock, told } = live()
    line.receive(joined(7))
    await clock.advance(GAP_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('gives a second gap its whole time, whatever was left of the first one’s', async () => {
    const { line, clock, told } = live()
    line.receive(joined(7))
    await clock.advance(GAP_MS - 50)
    line.receive(joined(6))
    line.receive(joined(9))
    expect(told()).toEqual(['diff 6', 'diff 7'])
    await clock.advance(GAP_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('has this node say what it holds once another history begins', () => {
    const { line, told } = live()
    line.receive({ kind: 'begun', epoch: 'e' })
    expect(told()).toEqual([])
    line.receive({ kind: 'begun', epoch: 'other' })
    expect(told()).toEqual(['assert'])
  })
})

describe('the nodes that a line knows', () => {
  test('hold the presences of the state and of the diffs, until the last of a node’s is gone or moved', () => {
    const { line } = live(0)
    line.receive(joined(1))
    expect([...line.nodes()]).toEqual(['n1'])
    line.receive({ kind: 'adopted', ref: 'r1', node: 'n2' })
    expect([...line.nodes()]).toEqual(['n2'])
  })

  test('are renamed where one comes back under another id', () => {
    const { line } = live(1)
    line.receive(asserted('n9', 'n1'))
    expect([...line.nodes()]).toEqual(['n9'])
  })
})

describe('a line that waits for others in a new history', () => {
  test('asks as soon as each has said what it holds, under its present id or a former one', () => {
    const { line, told } = settling('n1', 'n2')
    expect(told()).toEqual(['state e 2', 'assert'])
    line.receive(asserted('n1'))
    expect(told()).toEqual([])
    line.receive(asserted('n9', 'n2'))
    expect(told()).toEqual(['snapshot'])
  })

  test('asks when the time is up, once', async () => {
    const { clock, told } = settling('n1')
    told()
    await clock.advance(SETTLE_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(SETTLE_MS)
    expect(told()).toEqual(['snapshot'])
  })

  test('has no timer left once all of them are there', () => {
    const { line, clock, told } = settling('n1')
    told()
    line.applySnapshot(snapshot(1, 'other'))
    expect([told(), clock.pendingCount]).toEqual([['state other 1'], 0])
  })

  test('counts the time from the latest history, where that is lost as well', async () => {
    const { line, clock, told } = settling('n1')
    await clock.advance(SETTLE_MS - 1)
    line.receive({ kind: 'begun', epoch: 'third' })
    told()
    await clock.advance(SETTLE_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })
})

describe('the state after this node has said what it holds', () => {
  test('is the first of a line that has none', () => {
    const { line, told } = lineOf()
    line.applyAsserted(snapshot(2))
    expect(told()).toEqual(['state e 2'])
  })

  test('is told where it is later: a message on the way there may have been left out', () => {
    const { line, told } = live()
    line.applyAsserted(snapshot(6))
    expect(told()).toEqual(['state e 6'])
  })

  test('is passed over where it is earlier, and does not make a gap wait longer where it is the same', async () => {
    const { line, clock, told } = live()
    line.applyAsserted(snapshot(4))
    expect(told()).toEqual([])
    line.receive(joined(7))
    await clock.advance(GAP_MS - 1)
    line.applyAsserted(snapshot(5))
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('of another history is not told before the others have said what they hold', () => {
    const { line, told } = live()
    line.applyAsserted(snapshot(9, 'other', { asserted: new Set(['n1']) }))
    expect(told()).toEqual(['assert'])
  })
})

test('[S-57] a state is told with why presences left: as Redis says, or lost with their node', async () => {
  const told: Record<string, string>[] = []
  const { line, clock } = lineOf({
    onSnapshot: (_state, reasons) => told.push(Object.fromEntries(reasons ?? [])),
  })
  line.applySnapshot(snapshot(3, 'e', { holders: ['n1', 'n2', 'n2'] }))
  line.markStale()
  const reasons = new Map([['r2', 'kicked' as const]])
  const other = snapshot(1, 'other', { asserted: new Set(['n1']), reasons })
  line.applySnapshot(other)
  await clock.advance(SETTLE_MS)
  line.applySnapshot(other)
  expect(told).toEqual([{}, { r2: 'kicked', r3: 'node_lost' }])
})

describe('waiting for a position', () => {
  const isReached = async (line: FeedSequencer, clock: VirtualClock, position: Position) => {
    let reached = false
    void line.whenReached(position).then(() => {
      reached = true
    })
    await clock.settle()
    return () => reached
  }

  test('[S-90] goes on where the feed knows of no history, until it has had the change', async () => {
    const { line, clock, told } = live(0, NO_HISTORY)
    expect((await isReached(line, clock, { epoch: NO_HISTORY, seq: 0 }))()).toBe(true)
    line.receive(joined(2))
    const reached = await isReached(line, clock, { epoch: 'e', seq: 2 })
    expect(reached()).toBe(false)
    line.receive(joined(1))
    await clock.settle()
    expect([reached(), told()]).toEqual([true, ['state e 0', 'diff 1', 'diff 2']])
  })

  test('ends where the feed is there already, or knows a younger history', async () => {
    const { line, clock } = live()
    for (const position of [
      { epoch: 'e', seq: 5 },
      { epoch: 'e', seq: 4 },
      { epoch: 'older', seq: 9 },
    ])
      expect((await isReached(line, clock, position))()).toBe(true)
  })

  test('lasts until the feed is told of it, and of nothing less', async () => {
    const { line, clock } = live()
    const six = await isReached(line, clock, { epoch: 'e', seq: 6 })
    const seven = await isReached(line, clock, { epoch: 'e', seq: 7 })
    line.receive(joined(6))
    await clock.settle()
    expect([six(), seven()]).toEqual([true, false])
    line.receive(joined(7))
    await clock.settle()
    expect(seven()).toBe(true)
  })

  test('does not end while it is in doubt what the feed has', async () => {
    const { line, clock } = live()
    line.markStale()
    const reached = await isReached(line, clock, { epoch: 'e', seq: 5 })
    expect(reached()).toBe(false)
    line.applySnapshot(snapshot(5))
    await clock.settle()
    expect(reached()).toBe(true)
  })

  test('ends with the line', async () => {
    const { line, clock } = live()
    const reached = await isReached(line, clock, { epoch: 'e', seq: 9 })
    line.cancel()
    await clock.settle()
    expect(reached()).toBe(true)
  })
})

describe('a line that is cancelled', () => {
  test('tells nothing more, and leaves no timer', async () => {
    const { line, clock, told } = live()
    line.receive(joined(7))
    line.cancel()
    expect(clock.pendingCount).toBe(0)
    line.receive(joined(6))
    line.receive(bus)
    line.applySnapshot(snapshot(9, 'other'))
    expect(told()).toEqual([])
    expect([...line.nodes()]).toEqual(['n1'])
  })

  test('leaves no timer where it waited for others, and none where it has just begun', () => {
    const waiting = settling('n1')
    waiting.line.cancel()
    expect(waiting.clock.pendingCount).toBe(0)
    const fresh = lineOf()
    fresh.line.cancel()
    fresh.line.applySnapshot(snapshot(1))
    expect(fresh.told()).toEqual([])
  })

  test('by its own feed, in the middle of a step, tells nothing more of that step', () => {
    const all = lineOf({ onSnapshot: () => all.line.cancel() })
    all.line.receive(joined(6))
    all.line.applySnapshot(snapshot(5))
    expect(all.told()).toEqual(['state e 5'])
  })
})

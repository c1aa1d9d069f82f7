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

/** A sequencer, with the calls to its feed and its requests. */
function sequencerOf({ onSnapshot }: Partial<Pick<TopicFeed, 'onSnapshot'>> = {}) {
  const told: string[] = []
  const clock = new VirtualClock()
  const sequencer = new FeedSequencer(
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
  /** The calls since the last look. */
  return { sequencer, clock, told: () => told.splice(0) }
}

function live(seq = 5, epoch = 'e') {
  const all = sequencerOf()
  all.sequencer.applySnapshot(snapshot(seq, epoch))
  all.told()
  return all
}

/** A sequencer that has a presence of each node and waits for them in another, empty history. */
function rebuilding(...holders: string[]) {
  const all = sequencerOf()
  all.sequencer.applySnapshot(snapshot(holders.length, 'e', { holders }))
  all.sequencer.markStale()
  all.sequencer.applySnapshot(snapshot(0, 'other'))
  return all
}

describe('a feed sequencer', () => {
  test('has no position and passes on no message before its first state', () => {
    const { sequencer, told } = sequencerOf()
    sequencer.receive(bus)
    expect([sequencer.isOpening, sequencer.known, told()]).toEqual([true, null, []])
    sequencer.applySnapshot(snapshot(2))
    sequencer.receive(bus)
    expect([sequencer.isOpening, told()]).toEqual([false, ['state e 2', 'message']])
    expect(sequencer.known).toMatchObject({ epoch: 'e', seq: 2 })
  })

  test('requests a snapshot once a gap has lasted for its time, and not before', async () => {
    const { sequencer, clock, told } = live()
    sequencer.receive(joined(7))
    await clock.advance(GAP_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('gives a second gap its full time', async () => {
    const { sequencer, clock, told } = live()
    sequencer.receive(joined(7))
    await clock.advance(GAP_MS - 50)
    sequencer.receive(joined(6))
    sequencer.receive(joined(9))
    expect(told()).toEqual(['diff 6', 'diff 7'])
    await clock.advance(GAP_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('makes the node assert its presences when another history begins', () => {
    const { sequencer, told } = live()
    sequencer.receive({ kind: 'begun', epoch: 'e' })
    expect(told()).toEqual([])
    sequencer.receive({ kind: 'begun', epoch: 'other' })
    expect(told()).toEqual(['assert'])
  })
})

describe('the nodes of a feed sequencer', () => {
  test('hold presences of the state and the diffs, until a node’s last one has left or was adopted', () => {
    const { sequencer } = live(0)
    sequencer.receive(joined(1))
    expect([...sequencer.nodes()]).toEqual(['n1'])
    sequencer.receive({ kind: 'adopted', ref: 'r1', node: 'n2' })
    expect([...sequencer.nodes()]).toEqual(['n2'])
  })

  test('are renamed when a node comes back under another id', () => {
    const { sequencer } = live(1)
    sequencer.receive(asserted('n9', 'n1'))
    expect([...sequencer.nodes()]).toEqual(['n9'])
  })
})

describe('a sequencer that waits for other nodes in a new history', () => {
  test('requests a snapshot once every node has asserted, under its current id or a former one', () => {
    const { sequencer, told } = rebuilding('n1', 'n2')
    expect(told()).toEqual(['state e 2', 'assert'])
    sequencer.receive(asserted('n1'))
    expect(told()).toEqual([])
    sequencer.receive(asserted('n9', 'n2'))
    expect(told()).toEqual(['snapshot'])
  })

  test('requests a snapshot once when the time is up', async () => {
    const { clock, told } = rebuilding('n1')
    told()
    await clock.advance(SETTLE_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(SETTLE_MS)
    expect(told()).toEqual(['snapshot'])
  })

  test('leaves no timer once all nodes have asserted', () => {
    const { sequencer, clock, told } = rebuilding('n1')
    told()
    sequencer.applySnapshot(snapshot(1, 'other'))
    expect([told(), clock.pendingCount]).toEqual([['state other 1'], 0])
  })

  test('restarts the time if the new history is lost as well', async () => {
    const { sequencer, clock, told } = rebuilding('n1')
    await clock.advance(SETTLE_MS - 1)
    sequencer.receive({ kind: 'begun', epoch: 'third' })
    told()
    await clock.advance(SETTLE_MS - 1)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })
})

describe('the state after this node’s assertion', () => {
  test('is the first state of a feed without one', () => {
    const { sequencer, told } = sequencerOf()
    sequencer.applyAsserted(snapshot(2))
    expect(told()).toEqual(['state e 2'])
  })

  test('is delivered if it is newer, as the node may have skipped a diff on the way there', () => {
    const { sequencer, told } = live()
    sequencer.applyAsserted(snapshot(6))
    expect(told()).toEqual(['state e 6'])
  })

  test('is ignored if it is older, and does not restart a gap’s timer if it is the same', async () => {
    const { sequencer, clock, told } = live()
    sequencer.applyAsserted(snapshot(4))
    expect(told()).toEqual([])
    sequencer.receive(joined(7))
    await clock.advance(GAP_MS - 1)
    sequencer.applyAsserted(snapshot(5))
    await clock.advance(1)
    expect(told()).toEqual(['snapshot'])
  })

  test('of another history is not delivered before the other nodes have asserted', () => {
    const { sequencer, told } = live()
    sequencer.applyAsserted(snapshot(9, 'other', { asserted: new Set(['n1']) }))
    expect(told()).toEqual(['assert'])
  })
})

test('[S-57] a state comes with the reasons of leaves: those of Redis, or node_lost', async () => {
  const told: Record<string, string>[] = []
  const { sequencer, clock } = sequencerOf({
    onSnapshot: (_state, reasons) => told.push(Object.fromEntries(reasons ?? [])),
  })
  sequencer.applySnapshot(snapshot(3, 'e', { holders: ['n1', 'n2', 'n2'] }))
  sequencer.markStale()
  const reasons = new Map([['r2', 'kicked' as const]])
  const other = snapshot(1, 'other', { asserted: new Set(['n1']), reasons })
  sequencer.applySnapshot(other)
  await clock.advance(SETTLE_MS)
  sequencer.applySnapshot(other)
  expect(told).toEqual([{}, { r2: 'kicked', r3: 'node_lost' }])
})

describe('waiting for a position', () => {
  const isReached = async (sequencer: FeedSequencer, clock: VirtualClock, position: Position) => {
    let reached = false
    void sequencer.whenReached(position).then(() => {
      reached = true
    })
    await clock.settle()
    return () => reached
  }

  test('[S-90] lasts for a feed without a history until it has had the change', async () => {
    const { sequencer, clock, told } = live(0, NO_HISTORY)
    expect((await isReached(sequencer, clock, { epoch: NO_HISTORY, seq: 0 }))()).toBe(true)
    sequencer.receive(joined(2))
    const reached = await isReached(sequencer, clock, { epoch: 'e', seq: 2 })
    expect(reached()).toBe(false)
    sequencer.receive(joined(1))
    await clock.settle()
    expect([reached(), told()]).toEqual([true, ['state e 0', 'diff 1', 'diff 2']])
  })

  test('ends at once if the feed is there already, or in a newer history', async () => {
    const { sequencer, clock } = live()
    for (const position of [
      { epoch: 'e', seq: 5 },
      { epoch: 'e', seq: 4 },
      { epoch: 'older', seq: 9 },
    ])
      expect((await isReached(sequencer, clock, position))()).toBe(true)
  })

  test('lasts until the feed has reached it', async () => {
    const { sequencer, clock } = live()
    const six = await isReached(sequencer, clock, { epoch: 'e', seq: 6 })
    const seven = await isReached(sequencer, clock, { epoch: 'e', seq: 7 })
    sequencer.receive(joined(6))
    await clock.settle()
    expect([six(), seven()]).toEqual([true, false])
    sequencer.receive(joined(7))
    await clock.settle()
    expect(seven()).toBe(true)
  })

  test('does not end while the feed resyncs', async () => {
    const { sequencer, clock } = live()
    sequencer.markStale()
    const reached = await isReached(sequencer, clock, { epoch: 'e', seq: 5 })
    expect(reached()).toBe(false)
    sequencer.applySnapshot(snapshot(5))
    await clock.settle()
    expect(reached()).toBe(true)
  })

  test('ends when the sequencer is cancelled', async () => {
    const { sequencer, clock } = live()
    const reached = await isReached(sequencer, clock, { epoch: 'e', seq: 9 })
    sequencer.cancel()
    await clock.settle()
    expect(reached()).toBe(true)
  })
})

describe('a sequencer that is cancelled', () => {
  test('delivers nothing more and leaves no timer', async () => {
    const { sequencer, clock, told } = live()
    sequencer.receive(joined(7))
    sequencer.cancel()
    expect(clock.pendingCount).toBe(0)
    sequencer.receive(joined(6))
    sequencer.receive(bus)
    sequencer.applySnapshot(snapshot(9, 'other'))
    expect(told()).toEqual([])
    expect([...sequencer.nodes()]).toEqual(['n1'])
  })

  test('leaves no timer while it waits for other nodes, nor while it opens', () => {
    const waiting = rebuilding('n1')
    waiting.sequencer.cancel()
    expect(waiting.clock.pendingCount).toBe(0)
    const fresh = sequencerOf()
    fresh.sequencer.cancel()
    fresh.sequencer.applySnapshot(snapshot(1))
    expect(fresh.told()).toEqual([])
  })

  test('by its own feed during a step delivers nothing more of that step', () => {
    const all = sequencerOf({ onSnapshot: () => all.sequencer.cancel() })
    all.sequencer.receive(joined(6))
    all.sequencer.applySnapshot(snapshot(5))
    expect(all.told()).toEqual(['state e 5'])
  })
})

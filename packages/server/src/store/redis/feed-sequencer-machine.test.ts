import { describe, expect, test } from 'vitest'
import { diff, ordered, play, snapshot } from '../../testing-support/sequencer-play'
import type { SequencerEvent } from './feed-sequencer-machine'

const LIVE = [snapshot(5)]

describe('a sequencer that is opening', () => {
  test('buffers diffs and delivers the snapshot first', () => {
    expect(play([diff(5), diff(6), diff(8), snapshot(5)])).toEqual({
      state: 'live',
      at: 'e 6',
      buffered: [8],
      done: ['snapshot e 5', 'deliver 6', 'startGapTimer'],
    })
  })
})

describe('a fork of the history, as Redis has after it lost writes', () => {
  test('differs from the real history by its epoch: buffered diffs of one do not displace those of the other', () => {
    const both = play([diff(6, 'lost'), diff(6), snapshot(5)])
    expect(both).toMatchObject({ at: 'e 6', buffered: [], done: ['snapshot e 5', 'deliver 6'] })
  })

  test('is not delivered, even if it follows by number and digest', () => {
    expect(play([diff(6, 'other'), snapshot(5)])).toMatchObject({
      at: 'e 5',
      buffered: [],
      done: ['snapshot e 5'],
    })
  })

  test('is dropped if it is ahead of the state, and starts no gap timer', () => {
    expect(play([diff(8, 'other'), snapshot(5)])).toMatchObject({ buffered: [], done: ['snapshot e 5'] })
  })

  test('is another history even at the same number with the same digest', () => {
    const resyncing = [snapshot(5), { kind: 'stale' }, snapshot(5, 'other')] as const
    expect(play(resyncing, ['n1'])).toMatchObject({ state: 'rebuilding', at: 'e 5' })
    expect(play(resyncing)).toMatchObject({ state: 'live', at: 'other 5', done: ['snapshot other 5'] })
  })

  test('is noticed at another number of the same epoch, even with the same digest', () => {
    const resyncing = [snapshot(5), { kind: 'stale' }] as const
    expect(play([...resyncing, snapshot(4, 'e', 50)])).toMatchObject({
      state: 'resyncing',
      done: ['requestSnapshot'],
    })
    expect(play([...resyncing, snapshot(6, 'e', 50)])).toMatchObject({
      state: 'live',
      done: ['snapshot e 6'],
    })
  })

  test('that overlaps the position makes the node assert its presences', () => {
    const overlapping = ordered(6)
    const wide: SequencerEvent = {
      kind: 'diff',
      ordered: { ...overlapping, diff: { ...overlapping.diff, base: 4 }, was: 50 },
    }
    expect(play([...LIVE, wide])).toMatchObject({ state: 'resyncing', at: 'e 5', done: ['requestAssert'] })
  })

  test('that begins during a resync makes the node assert its presences', () => {
    const resyncing = [...LIVE, { kind: 'stale' }, diff(7)] as const
    expect(play([...resyncing, { kind: 'begun', epoch: 'e' }])).toMatchObject({
      state: 'resyncing',
      done: [],
    })
    expect(play([...resyncing, { kind: 'begun', epoch: 'other' }])).toMatchObject({
      state: 'resyncing',
      buffered: [7],
      done: ['requestAssert'],
    })
  })

  test('is buffered from its first diff on', () => {
    const told = play([...LIVE, diff(1, 'other'), snapshot(0, 'other')])
    expect(told).toMatchObject({ at: 'other 1', done: ['snapshot other 0', 'deliver 1'] })
  })
})

describe('a sequencer that is live', () => {
  test('delivers a diff that follows', () => {
    expect(play([...LIVE, diff(6)])).toEqual({ state: 'live', at: 'e 6', buffered: [], done: ['deliver 6'] })
  })

  test.each([4, 5])('ignores diff %i, which it has', (seq) => {
    expect(play([...LIVE, diff(seq)])).toEqual({ state: 'live', at: 'e 5', buffered: [], done: [] })
  })

  test('ignores a diff that does not advance: delivered, it would follow itself without end', () => {
    const step = ordered(5)
    const nowhere: SequencerEvent = {
      kind: 'diff',
      ordered: { ...step, diff: { ...step.diff, base: 5 }, was: 50 },
    }
    expect(play([...LIVE, nowhere])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
  })

  test('buffers a diff that is ahead, once, until the gap fills', () => {
    expect(play([...LIVE, diff(7)])).toEqual({
      state: 'live',
      at: 'e 5',
      buffered: [7],
      done: ['startGapTimer'],
    })
    expect(play([...LIVE, diff(7), diff(7), diff(8)])).toMatchObject({ buffered: [7, 8], done: [] })
    expect(play([...LIVE, diff(7), diff(9), diff(6)])).toMatchObject({
      state: 'live',
      at: 'e 7',
      buffered: [9],
    })
    const filled = play([...LIVE, diff(7), diff(8), diff(6)])
    expect(filled).toEqual({
      state: 'live',
      at: 'e 8',
      buffered: [],
      done: ['deliver 6', 'deliver 7', 'deliver 8'],
    })
  })

  test('requests a snapshot if the gap does not fill in time or too many diffs are ahead', () => {
    expect(play([...LIVE, diff(7), { kind: 'gapDue' }])).toMatchObject({
      state: 'resyncing',
      done: ['requestSnapshot'],
    })
    expect(play([...LIVE, { kind: 'gapDue' }])).toMatchObject({ state: 'live', done: [] })
    const much = [7, 8, 9, 10, 11].map((seq) => diff(seq))
    expect(play([...LIVE, ...much])).toMatchObject({
      state: 'resyncing',
      buffered: [7, 8, 9, 10],
      done: ['requestSnapshot'],
    })
  })

  test.each([
    ['that follows by its number, not by its digest', diff(6, 'e', 77)],
    ['of another epoch', diff(1, 'other')],
    ['in which another epoch begins', { kind: 'begun', epoch: 'other' } as const],
    ['in which Redis is in another epoch', snapshot(3, 'other')],
  ])('makes the node assert after a message %s', (_what, event) => {
    expect(play([...LIVE, event])).toMatchObject({ state: 'resyncing', at: 'e 5', done: ['requestAssert'] })
  })

  test('delivers nothing of a fork that was ahead', () => {
    expect(play([...LIVE, diff(7, 'e', 77), diff(6)])).toMatchObject({
      state: 'resyncing',
      at: 'e 6',
      done: ['deliver 6', 'requestAssert'],
    })
  })

  test('ignores snapshots for other feeds, and assertions', () => {
    for (const event of [
      snapshot(9),
      { kind: 'begun', epoch: 'e' },
      { kind: 'asserted', nodes: ['n'] },
    ] as const) {
      expect(play([...LIVE, event])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
    }
  })
})

const RESYNCING = [...LIVE, { kind: 'stale' } as const]

describe('a sequencer that is resyncing', () => {
  test('goes live if it has missed nothing', () => {
    expect(play([...RESYNCING, snapshot(5)])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
  })

  test('delivers the buffered diffs if it has missed nothing else', () => {
    const buffered = play([...RESYNCING, diff(7), diff(6), snapshot(7)])
    expect(buffered).toMatchObject({
      state: 'live',
      at: 'e 7',
      buffered: [],
      done: ['deliver 6', 'deliver 7'],
    })
  })

  test('delivers the snapshot if it has missed more, and then the diffs that follow', () => {
    const told = play([...RESYNCING, diff(6), diff(9), snapshot(8)])
    expect(told).toMatchObject({
      state: 'live',
      at: 'e 9',
      buffered: [],
      done: ['snapshot e 8', 'deliver 9'],
    })
  })

  test.each([
    ['goes back', snapshot(4)],
    ['is where it is, and another', snapshot(5, 'e', 77)],
  ])(
    'requests another snapshot if the state %s, which shows Redis that it has lost writes',
    (_what, event) => {
      expect(play([...RESYNCING, event])).toMatchObject({
        state: 'resyncing',
        at: 'e 5',
        done: ['requestSnapshot'],
      })
    },
  )

  test('drops diffs of a history that Redis has lost', () => {
    expect(play([...RESYNCING, diff(6, 'e', 77), snapshot(5)])).toMatchObject({
      state: 'live',
      buffered: [],
      done: [],
    })
  })

  test('buffers no more than the limit', () => {
    const much = [6, 7, 8, 9, 10, 11].map((seq) => diff(seq))
    expect(play([...RESYNCING, ...much]).buffered).toEqual([8, 9, 10, 11])
  })

  test('delivers another history at once if no node is missing', () => {
    const told = play([...RESYNCING, diff(3, 'other'), snapshot(2, 'other')])
    expect(told).toMatchObject({ state: 'live', at: 'other 3', done: ['snapshot other 2', 'deliver 3'] })
  })

  test('waits for the nodes that are missing in another history', () => {
    expect(play([...RESYNCING, snapshot(2, 'other')], ['n1'])).toMatchObject({
      state: 'rebuilding',
      at: 'e 5',
      done: ['requestAssert', 'startRebuildTimer'],
    })
  })
})

const REBUILDING = [...RESYNCING, snapshot(2, 'other')]

describe('a sequencer that is rebuilding', () => {
  test('requests a snapshot once all missing nodes have asserted', () => {
    const one = { kind: 'asserted', nodes: ['n1'] } as const
    const two = { kind: 'asserted', nodes: ['n3', 'n2'] } as const
    expect(play([...REBUILDING, one], ['n1', 'n2']).done).toEqual([])
    expect(play([...REBUILDING, one, two], ['n1', 'n2'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestSnapshot'],
    })
    expect(play([...REBUILDING, one, one], ['n1']).done).toEqual([])
    const other = { kind: 'asserted', nodes: ['n9'] } as const
    expect(play([...REBUILDING, other, one, two], ['n1', 'n2']).done).toEqual(['requestSnapshot'])
    expect(play([...REBUILDING, one, other], ['n1', 'n2']).done).toEqual([])
    expect(play([...REBUILDING, one, one], ['n1', 'n2']).done).toEqual([])
  })

  test('keeps waiting on the same timer while a node is missing', () => {
    expect(play([...REBUILDING, snapshot(3, 'other')], ['n1'])).toMatchObject({
      state: 'rebuilding',
      done: [],
    })
  })

  test('delivers the snapshot when the time is up', () => {
    expect(play([...REBUILDING, { kind: 'rebuildDue' }], ['n1']).done).toEqual(['requestSnapshot'])
    expect(play([...REBUILDING, { kind: 'rebuildDue' }, snapshot(3, 'other')], ['n1'])).toMatchObject({
      state: 'live',
      at: 'other 3',
      done: ['stopRebuildTimer', 'snapshot other 3'],
    })
  })

  test('asserts again and restarts the timer if yet another history begins', () => {
    const third = [...REBUILDING, { kind: 'rebuildDue' }, { kind: 'begun', epoch: 'third' }] as const
    expect(play(third, ['n1'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestAssert', 'startRebuildTimer'],
    })
    expect(play([...third, snapshot(1, 'third')], ['n1'])).toMatchObject({ state: 'rebuilding' })
  })

  test('asserts again without restarting the timer if the same history begins again', () => {
    expect(play([...REBUILDING, { kind: 'begun', epoch: 'other' }], ['n1'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestAssert'],
    })
  })

  test('buffers diffs for the snapshot that follows', () => {
    const buffered = play([...REBUILDING, diff(3, 'other')], ['n1'])
    expect(buffered).toMatchObject({ state: 'rebuilding', at: 'e 5', buffered: [3], done: [] })
    const told = [...REBUILDING, diff(3, 'other'), { kind: 'rebuildDue' }, snapshot(2, 'other')] as const
    expect(play(told, ['n1']).done).toEqual(['stopRebuildTimer', 'snapshot other 2', 'deliver 3'])
  })

  test('goes live if its own history is back', () => {
    expect(play([...REBUILDING, snapshot(5)], ['n1'])).toMatchObject({
      state: 'live',
      done: ['stopRebuildTimer'],
    })
  })

  test('restarts the timer after an outage of Redis', () => {
    expect(play([...REBUILDING, { kind: 'stale' }], ['n1'])).toMatchObject({
      state: 'resyncing',
      done: ['stopRebuildTimer'],
    })
  })
})

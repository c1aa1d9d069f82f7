import { describe, expect, test } from 'vitest'
import { diff, ordered, play, snapshot } from '../../testing-support/sequencer-play'
import type { SequencerEvent } from './feed-sequencer-machine'

const LIVE = [snapshot(5)]

describe('a line that is opening', () => {
  test('keeps what comes, and tells the snapshot first', () => {
    expect(play([diff(5), diff(6), diff(8), snapshot(5)])).toEqual({
      state: 'live',
      at: 'e 6',
      buffered: [8],
      done: ['snapshot e 5', 'deliver 6', 'startGapTimer'],
    })
  })
})

describe('a fork of the history, such as Redis has after it lost writes', () => {
  test('is told from the real one by its epoch alone: what is buffered of one does not keep out the other', () => {
    const both = play([diff(6, 'lost'), diff(6), snapshot(5)])
    expect(both).toMatchObject({ at: 'e 6', buffered: [], done: ['snapshot e 5', 'deliver 6'] })
  })

  test('is not delivered, though it follows by number and digest', () => {
    expect(play([diff(6, 'other'), snapshot(5)])).toMatchObject({
      at: 'e 5',
      buffered: [],
      done: ['snapshot e 5'],
    })
  })

  test('ahead of the state is forgotten, and no gap before it is waited for', () => {
    expect(play([diff(8, 'other'), snapshot(5)])).toMatchObject({ buffered: [], done: ['snapshot e 5'] })
  })

  test('at the same number with the same digest is another history still', () => {
    const asking = [snapshot(5), { kind: 'stale' }, snapshot(5, 'other')] as const
    expect(play(asking, ['n1'])).toMatchObject({ state: 'rebuilding', at: 'e 5' })
    expect(play(asking)).toMatchObject({ state: 'live', at: 'other 5', done: ['snapshot other 5'] })
  })

  test('with the same digest at another number of the same epoch is not where the line is', () => {
    const asking = [snapshot(5), { kind: 'stale' }] as const
    expect(play([...asking, snapshot(4, 'e', 50)])).toMatchObject({
      state: 'resyncing',
      done: ['requestSnapshot'],
    })
    expect(play([...asking, snapshot(6, 'e', 50)])).toMatchObject({ state: 'live', done: ['snapshot e 6'] })
  })

  test('overlaps what the line has: its own presences are put there first', () => {
    const overlapping = ordered(6)
    const wide: SequencerEvent = {
      kind: 'diff',
      ordered: { ...overlapping, diff: { ...overlapping.diff, base: 4 }, was: 50 },
    }
    expect(play([...LIVE, wide])).toMatchObject({ state: 'resyncing', at: 'e 5', done: ['requestAssert'] })
  })

  test('that begins while a state is awaited has this node say what it holds', () => {
    const asking = [...LIVE, { kind: 'stale' }, diff(7)] as const
    expect(play([...asking, { kind: 'begun', epoch: 'e' }])).toMatchObject({ state: 'resyncing', done: [] })
    expect(play([...asking, { kind: 'begun', epoch: 'other' }])).toMatchObject({
      state: 'resyncing',
      buffered: [7],
      done: ['requestAssert'],
    })
  })

  test('is buffered from its first diff on, which tells of it', () => {
    const told = play([...LIVE, diff(1, 'other'), snapshot(0, 'other')])
    expect(told).toMatchObject({ at: 'other 1', done: ['snapshot other 0', 'deliver 1'] })
  })
})

describe('a line that is live', () => {
  test('delivers what follows', () => {
    expect(play([...LIVE, diff(6)])).toEqual({ state: 'live', at: 'e 6', buffered: [], done: ['deliver 6'] })
  })

  test.each([4, 5])('passes over %i, which it has', (seq) => {
    expect(play([...LIVE, diff(seq)])).toEqual({ state: 'live', at: 'e 5', buffered: [], done: [] })
  })

  test('passes over a step that leads nowhere: delivered, it would follow itself for ever', () => {
    const step = ordered(5)
    const nowhere: SequencerEvent = {
      kind: 'diff',
      ordered: { ...step, diff: { ...step.diff, base: 5 }, was: 50 },
    }
    expect(play([...LIVE, nowhere])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
  })

  test('keeps what is ahead, once, until the gap fills', () => {
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

  test('asks where it does not fill in time, or too much is ahead', () => {
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
  ])('says what it holds after something %s', (_what, event) => {
    expect(play([...LIVE, event])).toMatchObject({ state: 'resyncing', at: 'e 5', done: ['requestAssert'] })
  })

  test('delivers nothing of a fork that was ahead of it', () => {
    expect(play([...LIVE, diff(7, 'e', 77), diff(6)])).toMatchObject({
      state: 'resyncing',
      at: 'e 6',
      done: ['deliver 6', 'requestAssert'],
    })
  })

  test('takes no notice of what others have asked for, or say', () => {
    for (const event of [
      snapshot(9),
      { kind: 'begun', epoch: 'e' },
      { kind: 'asserted', nodes: ['n'] },
    ] as const) {
      expect(play([...LIVE, event])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
    }
  })
})

const ASKING = [...LIVE, { kind: 'stale' } as const]

describe('a line that is asking', () => {
  test('goes on where nothing was missed', () => {
    expect(play([...ASKING, snapshot(5)])).toMatchObject({ state: 'live', at: 'e 5', done: [] })
  })

  test('goes on with what was buffered where that is all that was missed', () => {
    const buffered = play([...ASKING, diff(7), diff(6), snapshot(7)])
    expect(buffered).toMatchObject({
      state: 'live',
      at: 'e 7',
      buffered: [],
      done: ['deliver 6', 'deliver 7'],
    })
  })

  test('tells the state where more was missed, and what follows it', () => {
    const told = play([...ASKING, diff(6), diff(9), snapshot(8)])
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
  ])('asks again where the state %s: Redis finds out that it has lost writes', (_what, event) => {
    expect(play([...ASKING, event])).toMatchObject({
      state: 'resyncing',
      at: 'e 5',
      done: ['requestSnapshot'],
    })
  })

  test('forgets what was published in a history that Redis has lost', () => {
    expect(play([...ASKING, diff(6, 'e', 77), snapshot(5)])).toMatchObject({
      state: 'live',
      buffered: [],
      done: [],
    })
  })

  test('keeps no more than it may', () => {
    const much = [6, 7, 8, 9, 10, 11].map((seq) => diff(seq))
    expect(play([...ASKING, ...much]).buffered).toEqual([8, 9, 10, 11])
  })

  test('tells another history at once where nobody is missing', () => {
    const told = play([...ASKING, diff(3, 'other'), snapshot(2, 'other')])
    expect(told).toMatchObject({ state: 'live', at: 'other 3', done: ['snapshot other 2', 'deliver 3'] })
  })

  test('waits for those who are missing in another history', () => {
    expect(play([...ASKING, snapshot(2, 'other')], ['n1'])).toMatchObject({
      state: 'rebuilding',
      at: 'e 5',
      done: ['requestAssert', 'startRebuildTimer'],
    })
  })
})

const SETTLING = [...ASKING, snapshot(2, 'other')]

describe('a line that is settling', () => {
  test('asks as soon as all that are missing have said what they hold', () => {
    const one = { kind: 'asserted', nodes: ['n1'] } as const
    const two = { kind: 'asserted', nodes: ['n3', 'n2'] } as const
    expect(play([...SETTLING, one], ['n1', 'n2']).done).toEqual([])
    expect(play([...SETTLING, one, two], ['n1', 'n2'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestSnapshot'],
    })
    expect(play([...SETTLING, one, one], ['n1']).done).toEqual([])
    const other = { kind: 'asserted', nodes: ['n9'] } as const
    expect(play([...SETTLING, other, one, two], ['n1', 'n2']).done).toEqual(['requestSnapshot'])
    expect(play([...SETTLING, one, other], ['n1', 'n2']).done).toEqual([])
    expect(play([...SETTLING, one, one], ['n1', 'n2']).done).toEqual([])
  })

  test('waits on where somebody is missing still, on the same time', () => {
    expect(play([...SETTLING, snapshot(3, 'other')], ['n1'])).toMatchObject({ state: 'rebuilding', done: [] })
  })

  test('tells what there is when the time is up', () => {
    expect(play([...SETTLING, { kind: 'rebuildDue' }], ['n1']).done).toEqual(['requestSnapshot'])
    expect(play([...SETTLING, { kind: 'rebuildDue' }, snapshot(3, 'other')], ['n1'])).toMatchObject({
      state: 'live',
      at: 'other 3',
      done: ['stopRebuildTimer', 'snapshot other 3'],
    })
  })

  test('says again what it holds, and waits anew, where yet another history begins', () => {
    const third = [...SETTLING, { kind: 'rebuildDue' }, { kind: 'begun', epoch: 'third' }] as const
    expect(play(third, ['n1'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestAssert', 'startRebuildTimer'],
    })
    expect(play([...third, snapshot(1, 'third')], ['n1'])).toMatchObject({ state: 'rebuilding' })
  })

  test('says it once more, and waits no longer, where the same one is told of again', () => {
    expect(play([...SETTLING, { kind: 'begun', epoch: 'other' }], ['n1'])).toMatchObject({
      state: 'rebuilding',
      done: ['requestAssert'],
    })
  })

  test('keeps what is said meanwhile, for the state that follows', () => {
    const buffered = play([...SETTLING, diff(3, 'other')], ['n1'])
    expect(buffered).toMatchObject({ state: 'rebuilding', at: 'e 5', buffered: [3], done: [] })
    const told = [...SETTLING, diff(3, 'other'), { kind: 'rebuildDue' }, snapshot(2, 'other')] as const
    expect(play(told, ['n1']).done).toEqual(['stopRebuildTimer', 'snapshot other 2', 'deliver 3'])
  })

  test('goes on where the history that it knows is back', () => {
    expect(play([...SETTLING, snapshot(5)], ['n1'])).toMatchObject({
      state: 'live',
      done: ['stopRebuildTimer'],
    })
  })

  test('counts anew once Redis is back, should it go away', () => {
    expect(play([...SETTLING, { kind: 'stale' }], ['n1'])).toMatchObject({
      state: 'resyncing',
      done: ['stopRebuildTimer'],
    })
  })
})

import { describe, expect, test } from 'vitest'
import { diff, play, snapshot } from '../../testing-support/sequencer-play'
import { NO_HISTORY } from './scripts/topic'

const LIVE = [snapshot(5)]
const RESYNCING = [...LIVE, { kind: 'stale' } as const]
const REBUILDING = [...RESYNCING, snapshot(2, 'other')]

/** Nobody was ever in the topic. */
const none = snapshot(0, NO_HISTORY)
const first = (epoch: string, was = 0) => diff(1, epoch, was)

describe('[S-90] a sequencer of a topic without a history', () => {
  test('accepts the first change of any epoch, and delivers an empty state before it', () => {
    expect(play([none, first('e')])).toEqual({
      state: 'live',
      at: 'e 1',
      buffered: [],
      done: ['snapshot e 0', 'deliver 1'],
    })
  })

  test('accepts a change that comes before the snapshot, and the latest of several', () => {
    expect(play([first('lost'), diff(2, 'e'), first('e'), none])).toEqual({
      state: 'live',
      at: 'e 2',
      buffered: [],
      done: [`snapshot ${NO_HISTORY} 0`, 'snapshot e 0', 'deliver 1', 'deliver 2'],
    })
  })

  test('buffers diffs ahead of the first change, of any history', () => {
    const ahead = [none, diff(2, 'e'), diff(3, 'f')] as const
    expect(play(ahead)).toMatchObject({ state: 'live', at: ` 0`, buffered: [2, 3], done: [] })
    expect(play(ahead.slice(0, 2))).toMatchObject({ done: ['startGapTimer'] })
    expect(play([...ahead, first('e')])).toMatchObject({ at: 'e 2', buffered: [] })
    const asked = [...ahead, { kind: 'gapDue' }] as const
    expect(play(asked)).toMatchObject({ state: 'resyncing', buffered: [2, 3], done: ['requestSnapshot'] })
    expect(play([...asked, snapshot(1, 'e')])).toMatchObject({
      at: 'e 2',
      done: ['snapshot e 1', 'deliver 2'],
    })
  })

  test('waits for the change when a history begins, and asserts nothing', () => {
    const begun = { kind: 'begun', epoch: 'e' } as const
    expect(play([none, begun])).toMatchObject({ state: 'live', at: ' 0', done: [] })
    expect(play([none, { kind: 'stale' }, begun])).toMatchObject({ state: 'resyncing', done: [] })
  })

  test('makes the node assert after a first change that does not start from an empty topic', () => {
    expect(play([none, first('e', 7)])).toMatchObject({
      state: 'resyncing',
      at: ' 0',
      done: ['requestAssert'],
    })
  })

  test('applies a snapshot that another feed requested', () => {
    expect(play([none, snapshot(3, 'e')])).toMatchObject({ state: 'live', at: 'e 3', done: ['snapshot e 3'] })
    expect(play([none, none])).toMatchObject({ state: 'live', done: [] })
  })

  test('delivers nothing after a reconnect if there is still no history', () => {
    expect(play([none, { kind: 'stale' }, none])).toMatchObject({ state: 'live', at: ' 0', done: [] })
    const follows = [none, { kind: 'stale' }, first('e'), none] as const
    expect(play(follows)).toMatchObject({ at: 'e 1', done: ['snapshot e 0', 'deliver 1'] })
  })
})

describe('[S-90] a snapshot without a history that the first change has overtaken', () => {
  test('makes a live sequencer request another, and a resyncing one keep waiting', () => {
    expect(play([...LIVE, none])).toMatchObject({ state: 'resyncing', at: 'e 5', done: ['requestSnapshot'] })
    expect(play([...RESYNCING, none])).toMatchObject({ state: 'resyncing', at: 'e 5', done: [] })
    expect(play([...REBUILDING, none], ['n1'])).toMatchObject({ state: 'rebuilding', at: 'e 5', done: [] })
  })
})

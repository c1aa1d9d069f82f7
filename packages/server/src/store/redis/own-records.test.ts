import { describe, expect, test } from 'vitest'
import type { Change } from '../store'
import { OwnRecords } from './own-records'
import { asciiJson } from './record'
import { netChanges } from './scripts/commit'

const put = (ref: string, owner: string, rev = 0): Change => ({
  op: 'put',
  ref,
  key: 'k',
  meta: {},
  rev,
  owner,
})
const drop = (ref: string): Change => ({ op: 'drop', ref, reason: 'left' })
const refs = (own: OwnRecords, topic: string) => [...own.of(topic)].map(({ ref, rev }) => `${ref} ${rev}`)

function own(...steps: [topic: string, changes: Change[]][]): OwnRecords {
  const records = new OwnRecords()
  for (const [topic, changes] of steps) records.expect(topic, netChanges(changes))
  return records
}

describe('the presences that a node wants to hold', () => {
  test('are the latest puts without the drops', () => {
    const records = own(
      ['t', [put('a', 'x'), put('b', 'y')]],
      ['t', [put('a', 'x', 2), drop('b')]],
      ['t', [put('a', 'x', 1)]],
    )
    expect(refs(records, 't')).toEqual(['"a" 2'])
  })

  test('forget a topic with its last presence', () => {
    const records = own(['t', [put('a', 'x')]], ['t', [drop('a')]], ['u', [drop('never')]])
    expect([...records.topics()]).toEqual([])
    expect(records.has('t')).toBe(false)
  })

  test('[S-25] go with their owner if another of its presences was dropped before', () => {
    const records = own(['t', [put('a', 'x'), put('d', 'x'), put('b', 'y')]], ['t', [drop('a')]])
    records.dropOwner(asciiJson('x'))
    expect(refs(records, 't')).toEqual(['"b" 0'])
  })

  test('do not change with a put of the same revision', () => {
    const records = own(['t', [put('a', 'x', 1)]], ['t', [{ ...put('a', 'x', 1), meta: { n: 2 } } as Change]])
    expect([...records.of('t')].map(({ meta }) => meta)).toEqual(['{}'])
  })

  test('do not change with a drop of an unknown ref', () => {
    const records = own(['t', [put('a', 'x')]], ['t', [drop('never')]])
    expect(refs(records, 't')).toEqual(['"a" 0'])
  })

  test('[S-25] go with their owner in one topic, even if it has none left in another', () => {
    const records = own(['t', [put('a', 'x')]], ['u', [put('b', 'x')]], ['t', [drop('a')]])
    records.dropOwner(asciiJson('x'))
    expect(refs(records, 'u')).toEqual([])
  })

  test('[S-9] leave nothing behind once Redis has confirmed their drop', () => {
    const records = own(['t', [put('a', 'x'), put('b', 'y')]])
    // A topic and two owners.
    expect(records.trackedCount).toBe(3)
    records.expect('t', netChanges([drop('a')]))
    expect(records.trackedCount).toBe(3)
    records.expect('t', netChanges([drop('b')]))
    expect(records.trackedCount).toBe(1)
    records.confirmLeft('t', ['"a"'])
    expect(records.trackedCount).toBe(1)
    records.confirmLeft('t', ['"b"'])
    expect(records.trackedCount).toBe(0)
  })

  test('keep their owner and key in later changes', () => {
    const records = own(['t', [put('a', 'x')]], ['t', [put('a', 'y', 1)]])
    records.dropOwner(asciiJson('y'))
    expect(refs(records, 't')).toEqual(['"a" 1'])
    records.expect('t', netChanges([{ ...put('a', 'x', 2), key: 'other' } as Change]))
    expect(refs(records, 't')).toEqual(['"a" 1'])
    expect(refs(records, 'never')).toEqual([])
    records.dropOwner(asciiJson('x'))
    expect([...records.topics()]).toEqual([])
  })

  test('[S-25] go with their owner in every topic, and those of other owners stay', () => {
    const records = own(
      ['t', [put('a', 'x'), put('b', 'y')]],
      ['u', [put('c', 'x')]],
      ['t', [drop('a'), put('d', 'x')]],
    )
    records.dropOwner(asciiJson('x'))
    expect([refs(records, 't'), refs(records, 'u')]).toEqual([['"b" 0'], []])
    records.dropOwner(asciiJson('x'))
    records.dropOwner(asciiJson('nobody'))
    expect(refs(records, 't')).toEqual(['"b" 0'])
  })

  test('[S-57] keep the reason of a drop until Redis has confirmed it', () => {
    const records = own(['t', [put('a', 'x'), put('b', 'y')]], ['t', [drop('a'), drop('b')]])
    expect(records.leavingOf('t')).toEqual([
      ['"a"', 'left'],
      ['"b"', 'left'],
    ])
    records.confirmLeft('t', ['"a"'])
    expect(records.leavingOf('t')).toEqual([['"b"', 'left']])
    records.confirmLeft('t', ['"b"', '"c"'])
    records.confirmLeft('u', ['"b"'])
    expect(records.leavingOf('t')).toEqual([])
  })
})

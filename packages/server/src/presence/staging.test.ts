import type { Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { Staging } from './staging'

const presence = (ref: string, rev = 0): Presence => ({ ref, key: `key of ${ref}`, rev, meta: { rev } })
const owner = 'the owner'
const put = (one: Presence) => ({ op: 'put', ...one, owner })
const drop = (ref: string, reason = 'left') => ({ op: 'drop', ref, reason })

function committed(...refs: string[]): Staging {
  const staging = new Staging()
  for (const ref of refs) staging.join(presence(ref), owner)
  staging.take()
  staging.confirm()
  return staging
}

describe('[S-2] staged changes are net changes', () => {
  test('a join and its updates are one put with the latest meta', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.update(presence('a', 1), owner)
    staging.update(presence('a', 2), owner)
    expect(staging.take()).toEqual([put(presence('a', 2))])
  })

  test('a join and a leave cancel out', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.leave('a', 'closed')
    expect(staging.isEmpty).toBe(true)
    expect(staging.take()).toEqual([])
  })

  test('an update and a leave of a committed presence are a leave', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    staging.leave('a', 'closed')
    expect(staging.take()).toEqual([drop('a', 'closed')])
  })
})

describe('[S-11] a commit that fails loses nothing', () => {
  test('changes in flight are staged again in order, before newer ones', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    staging.join(presence('b'), owner)
    staging.take()
    staging.join(presence('c'), owner)
    staging.restore()
    expect(staging.take()).toEqual([put(presence('a', 1)), put(presence('b')), put(presence('c'))])
  })

  test('a newer update wins over the one in flight', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    staging.take()
    staging.update(presence('a', 2), owner)
    staging.restore()
    expect(staging.take()).toEqual([put(presence('a', 2))])
  })

  test('a leave during a failed join stays a leave, as the store may have the join', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.leave('a', 'closed')
    staging.restore()
    expect(staging.take()).toEqual([drop('a', 'closed')])
  })

  test('a leave during a successful join stays a leave', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.leave('a', 'closed')
    staging.confirm()
    expect(staging.take()).toEqual([drop('a', 'closed')])
  })

  test('a leave after a failed and updated join stays a leave', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.update(presence('a', 1), owner)
    staging.restore()
    staging.leave('a', 'left')
    expect(staging.take()).toEqual([drop('a', 'left')])
  })

  test('a join staged during a failed commit is still uncommitted', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    staging.take()
    staging.join(presence('b'), owner)
    staging.restore()
    staging.leave('b', 'left')
    expect(staging.take()).toEqual([put(presence('a', 1))])
  })

  test('a leave in flight stays a leave', () => {
    const staging = committed('a')
    staging.leave('a', 'timeout')
    staging.take()
    staging.restore()
    expect(staging.take()).toEqual([drop('a', 'timeout')])
  })
})

test('overlay shows changes in flight, and staged changes on top', () => {
  const staging = committed('a', 'b')
  staging.update(presence('a', 1), owner)
  staging.leave('b', 'left')
  staging.join(presence('c'), owner)
  staging.take()
  staging.update(presence('a', 2), owner)
  staging.leave('c', 'left')
  staging.join(presence('d'), owner)
  expect(staging.overlay([presence('a'), presence('b'), presence('x')])).toEqual([
    presence('a', 2),
    presence('x'),
    presence('d'),
  ])
})

test('a leave of a presence that another node may have adopted does not hide it', () => {
  const staging = committed('a', 'b')
  staging.leave('a', 'left', { ifStillHeld: true })
  staging.leave('b', 'left')
  expect(staging.overlay([presence('a'), presence('b')])).toEqual([presence('a')])
  expect(staging.take()).toEqual([drop('a'), drop('b')])
  expect(staging.overlay([presence('a'), presence('b')])).toEqual([presence('a')])
})

describe('a presence is leaving', () => {
  test('from the leave until the store confirms it, so that nobody adopts it in between', () => {
    const staging = committed('a', 'b')
    expect(staging.isLeaving('a')).toBe(false)
    staging.leave('a', 'left')
    expect(staging.isLeaving('a')).toBe(true)
    staging.take()
    expect([staging.isLeaving('a'), staging.isLeaving('b')]).toEqual([true, false])
    staging.restore()
    expect(staging.isLeaving('a')).toBe(true)
    staging.take()
    staging.confirm()
    expect(staging.isLeaving('a')).toBe(false)
  })

  test('but not while a join or an update is staged or in flight', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    expect(staging.isLeaving('a')).toBe(false)
    staging.take()
    expect(staging.isLeaving('a')).toBe(false)
  })
})

describe('a leave of a presence that another node may have adopted', () => {
  test('hides the presence the next time, after the first was confirmed', () => {
    const staging = committed('a')
    staging.leave('a', 'left', { ifStillHeld: true })
    staging.take()
    staging.confirm()
    staging.leave('a', 'left')
    expect(staging.overlay([presence('a')])).toEqual([])
  })

  test('stays undecided while the store confirms other changes', () => {
    const staging = committed('a', 'b')
    staging.update(presence('a', 1), owner)
    staging.take()
    staging.leave('a', 'left', { ifStillHeld: true })
    staging.confirm()
    expect(staging.overlay([presence('a', 1)])).toEqual([presence('a', 1)])
  })

  test('is an ordinary leave for an uncommitted presence', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.leave('a', 'left', { ifStillHeld: true })
    staging.join(presence('a'), owner)
    staging.take()
    staging.confirm()
    staging.leave('a', 'left')
    expect(staging.overlay([presence('a')])).toEqual([])
  })
})

test('the count needs no list', () => {
  const staging = committed('a', 'b', 'c', 'e')
  const told = [presence('a'), presence('b'), presence('c'), presence('e')]
  const count = () => staging.countOver(told.length, (ref) => told.some((one) => one.ref === ref))
  expect(count()).toBe(4)
  staging.join(presence('d'), owner)
  staging.update(presence('a', 1), owner)
  staging.leave('b', 'left')
  staging.leave('e', 'left')
  staging.leave('c', 'left', { ifStillHeld: true })
  staging.leave('never', 'left')
  expect([count(), staging.overlay(told).length]).toEqual([3, 3])
  staging.take()
  expect(count()).toBe(3)
  staging.leave('d', 'left')
  expect([count(), staging.overlay(told).length]).toEqual([2, 2])
})

test('a presence is uncommitted until a commit takes it', () => {
  const staging = new Staging()
  staging.join(presence('a'), owner)
  expect([staging.isUncommitted('a'), staging.size, staging.isEmpty]).toEqual([true, 1, false])
  staging.take()
  expect([staging.isUncommitted('a'), staging.size, staging.isEmpty]).toEqual([false, 0, false])
  staging.confirm()
  expect(staging.isEmpty).toBe(true)
})

test('[S-9] staged changes and changes in flight are counted', () => {
  const staging = committed('a')
  staging.update(presence('a', 1), owner)
  staging.join(presence('b'), owner)
  staging.take()
  staging.update(presence('a', 2), owner)
  expect(staging.waiting).toBe(3)
  staging.restore()
  expect(staging.waiting).toBe(2)
  staging.take()
  staging.confirm()
  expect(staging.waiting).toBe(0)
})

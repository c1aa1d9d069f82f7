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
  test('what was in flight waits again, in its order, with what came meanwhile behind it', () => {
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

  test('a join in flight that was left meanwhile is a leave, as the store may have heard of it', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.leave('a', 'closed')
    staging.restore()
    expect(staging.take()).toEqual([drop('a', 'closed')])
  })

  test('a join in flight that the store took, left meanwhile, is a leave', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.leave('a', 'closed')
    staging.confirm()
    expect(staging.take()).toEqual([drop('a', 'closed')])
  })

  test('a join in flight, updated meanwhile and left after the failure, is a leave', () => {
    const staging = new Staging()
    staging.join(presence('a'), owner)
    staging.take()
    staging.update(presence('a', 1), owner)
    staging.restore()
    staging.leave('a', 'left')
    expect(staging.take()).toEqual([drop('a', 'left')])
  })

  test('a join that came meanwhile is still unknown to the store after the failure', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    staging.take()
    staging.join(presence('b'), owner)
    staging.restore()
    staging.leave('b', 'left')
    expect(staging.take()).toEqual([put(presence('a', 1))])
  })

  test('a leave in flight stays one', () => {
    const staging = committed('a')
    staging.leave('a', 'timeout')
    staging.take()
    staging.restore()
    expect(staging.take()).toEqual([drop('a', 'timeout')])
  })
})

test('overlay shows what was promised: what is in flight, and over it what is staged', () => {
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

test('a leave of what may be another node’s by now does not hide it', () => {
  const staging = committed('a', 'b')
  staging.leave('a', 'left', { ifStillHeld: true })
  staging.leave('b', 'left')
  expect(staging.overlay([presence('a'), presence('b')])).toEqual([presence('a')])
  expect(staging.take()).toEqual([drop('a'), drop('b')])
  expect(staging.overlay([presence('a'), presence('b')])).toEqual([presence('a')])
})

describe('a presence is leaving', () => {
  test('from the leave until the store has confirmed it, so that nobody takes it over in between', () => {
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

  test('not where it joins or changes, staged or in flight', () => {
    const staging = committed('a')
    staging.update(presence('a', 1), owner)
    expect(staging.isLeaving('a')).toBe(false)
    staging.take()
    expect(staging.isLeaving('a')).toBe(false)
  })
})

describe('a leave of what may be another node’s by now', () => {
  test('hides it the next time, once the store has answered the first', () => {
    const staging = committed('a')
    staging.leave('a', 'left', { ifStillHeld: true })
    staging.take()
    staging.confirm()
    staging.leave('a', 'left')
    expect(staging.overlay([presence('a')])).toEqual([])
  })

  test('stays in doubt while the store has answered something else', () => {
    const staging = committed('a', 'b')
    staging.update(presence('a', 1), owner)
    staging.take()
    staging.leave('a', 'left', { ifStillHeld: true })
    staging.confirm()
    expect(staging.overlay([presence('a', 1)])).toEqual([presence('a', 1)])
  })

  test('leaves no doubt about one that the store never heard of', () => {
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

test('how many are shown is counted without making the list', () => {
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

test('whether the store has heard of a presence is known until it is sent', () => {
  const staging = new Staging()
  staging.join(presence('a'), owner)
  expect([staging.isUncommitted('a'), staging.size, staging.isEmpty]).toEqual([true, 1, false])
  staging.take()
  expect([staging.isUncommitted('a'), staging.size, staging.isEmpty]).toEqual([false, 0, false])
  staging.confirm()
  expect(staging.isEmpty).toBe(true)
})

test('[S-9] what waits is counted, in flight or not', () => {
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

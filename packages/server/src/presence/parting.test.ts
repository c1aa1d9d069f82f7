import { digestOf, type LeaveReason, type Presence, type PresenceRef } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { ListeningMember, WITH_STATE, watched } from '../testing-support/test-registry'
import type { TopicHub } from './topic-hub'

const topic = 'room:lobby'
const presence = (ref: string): Presence => ({ ref, key: `key of ${ref}`, rev: 0, meta: {} })

/** A subscriber that has received x and y, and the hub, whose store is at `seq` of `epoch`. */
async function inTheKnow() {
  const { registry, clock, watcher } = await watched()
  const hub = registry.hub(topic)
  const { epoch, seq } = await registry.diff(topic)
  const both = [presence('x'), presence('y')]
  const empty = { updates: [], leaves: [] }
  hub.onDiff({ epoch, base: seq, seq: seq + 1, digest: digestOf(both), joins: both, ...empty })
  await clock.advance(500)
  watcher.heard()
  return { hub, clock, watcher, epoch, seq: seq + 1 }
}

function tell(hub: TopicHub, epoch: string, seq: number, refs: string[], why: [PresenceRef, LeaveReason][]) {
  const presences = refs.map(presence)
  hub.onSnapshot({ epoch, seq, digest: digestOf(presences), presences }, new Map(why))
}

const leaves = (...all: [string, string][]) =>
  all.map(([ref, reason]) => ({ ref, key: `key of ${ref}`, reason }))

describe('[S-58] after a snapshot from the store subscribers receive', () => {
  test('only the change, with its reasons, if the history continues', async () => {
    const { hub, clock, watcher, epoch, seq } = await inTheKnow()
    tell(hub, epoch, seq + 5, ['y', 'z'], [['x', 'kicked']])
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      [
        'presence_diff',
        { epoch, base: seq, seq: seq + 5, joins: [{ ref: 'z' }], leaves: leaves(['x', 'kicked']) },
      ],
    ])
  })

  test('the reason closed if the store does not know it', async () => {
    const { hub, clock, watcher, epoch, seq } = await inTheKnow()
    tell(hub, epoch, seq + 1, ['y'], [])
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([['presence_diff', { leaves: leaves(['x', 'closed']) }]])
  })

  test('the state if revs went back although the history continues', async () => {
    const { hub, clock, watcher, epoch, seq } = await inTheKnow()
    const presences = [{ ...presence('x'), rev: 4 }]
    hub.onSnapshot({ epoch, seq: seq + 1, digest: digestOf(presences), presences })
    await clock.advance(500)
    watcher.heard()
    const older = [{ ...presence('x'), rev: 1 }]
    hub.onSnapshot({ epoch, seq: seq + 2, digest: digestOf(older), presences: older })
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      ['presence_state', { seq: seq + 2, presences: [{ ref: 'x', rev: 1 }] }],
    ])
  })

  test('the leaves and then the state, if another history began', async () => {
    const { hub, clock, watcher, epoch, seq } = await inTheKnow()
    tell(hub, 'new', 1, ['y'], [['x', 'left']])
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      [
        'presence_diff',
        { epoch, base: seq, digest: digestOf([presence('y')]), leaves: leaves(['x', 'left']) },
      ],
      ['presence_state', { epoch: 'new', seq: 1, presences: [{ ref: 'y' }] }],
    ])
  })

  test('also leaves that follow before they have the state', async () => {
    const { hub, clock, watcher, epoch, seq } = await inTheKnow()
    tell(hub, 'new', 1, ['x', 'y'], [])
    const left = { joins: [], updates: [], leaves: leaves(['y', 'kicked']) as never }
    hub.onDiff({ epoch: 'new', base: 1, seq: 2, digest: digestOf([presence('x')]), ...left })
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      ['presence_diff', { epoch, base: seq, leaves: leaves(['y', 'kicked']) }],
      ['presence_state', { epoch: 'new', seq: 2, presences: [{ ref: 'x' }] }],
    ])
  })

  test('the state alone, if it contains everything or a presence that left is back', async () => {
    const { hub, clock, watcher } = await inTheKnow()
    tell(hub, 'new', 1, ['x', 'y', 'z'], [])
    await clock.advance(500)
    expect(watcher.heard().map(([event]) => event)).toEqual(['presence_state'])
    tell(hub, 'newer', 1, ['y', 'z'], [['x', 'node_lost']])
    const back = { joins: [presence('x')], updates: [], leaves: [] }
    hub.onDiff({ epoch: 'newer', base: 1, seq: 2, digest: 0, ...back })
    await clock.advance(500)
    expect(watcher.heard().map(([event]) => event)).toEqual(['presence_state'])
  })

  test('no leaves from before their join', async () => {
    const { hub, clock, watcher } = await inTheKnow()
    const newcomer = new ListeningMember()
    tell(hub, 'new', 1, ['y'], [['x', 'left']])
    hub.attach(newcomer, WITH_STATE)
    await clock.advance(500)
    expect(watcher.heard().map(([event]) => event)).toEqual(['presence_diff', 'presence_state'])
    expect(newcomer.heard().map(([event]) => event)).toEqual(['presence_state'])
  })
})

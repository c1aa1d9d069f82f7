import { type Dialect, rollcallDialect, type ServerMessage, zzzDialect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { HistoryBudget } from './history-budget'
import { RecentStates } from './recent-states'
import { StatePackets } from './state-delivery'
import { TopicState } from './topic-state'

const ada = { ref: 'a', key: 'ada', rev: 0, meta: {} }

function state(): TopicState {
  const topic = new TopicState({ maxDiffs: 10, maxBytes: 1e6 }, new HistoryBudget(1e9))
  topic.reset({ epoch: 'e', seq: 0, digest: 0, presences: [] })
  topic.apply({ epoch: 'e', base: 0, seq: 1, digest: 1, joins: [ada], updates: [], leaves: [] })
  const updates = [{ ref: 'a', rev: 1, meta: { n: 1 } }]
  topic.apply({ epoch: 'e', base: 1, seq: 2, digest: 2, joins: [], updates, leaves: [] })
  return topic
}

function counting(dialect: Dialect) {
  const kinds: string[] = []
  const encodeServer = (message: ServerMessage) => {
    kinds.push(message.kind)
    return dialect.encodeServer(message)
  }
  return { kinds, dialect: { ...dialect, encodeServer } }
}

describe('the packets for subscribers that start', () => {
  test('[S-12] encode the state once per dialect', () => {
    const [rollcall, zzz] = [counting(rollcallDialect), counting(zzzDialect)]
    const welcome = new StatePackets('t', state(), new RecentStates(new VirtualClock()))
    const first = welcome.packetFor(rollcall.dialect, null)
    expect(welcome.packetFor(rollcall.dialect, null)).toBe(first)
    welcome.packetFor(zzz.dialect, null)
    welcome.packetFor(zzz.dialect, null)
    expect([rollcall.kinds, zzz.kinds]).toEqual([['state'], ['state']])
  })

  test('[S-7] encode the missed changes once per position', () => {
    const { kinds, dialect } = counting(rollcallDialect)
    const welcome = new StatePackets('t', state(), new RecentStates(new VirtualClock()))
    const missed = welcome.packetFor(dialect, { epoch: 'e', seq: 1 })
    expect(JSON.parse(missed.frames[0] as string)[4]).toMatchObject({
      base: 1,
      seq: 2,
      joins: [],
      updates: [{ ref: 'a' }],
    })
    expect(welcome.packetFor(dialect, { epoch: 'e', seq: 1 })).toBe(missed)
    welcome.packetFor(dialect, { epoch: 'e', seq: 0 })
    expect(kinds).toEqual(['diff', 'diff'])
  })

  test('[S-63] hold the state for a presence that joined after the position', () => {
    const { kinds, dialect } = counting(rollcallDialect)
    const welcome = new StatePackets('t', state(), new RecentStates(new VirtualClock()))
    welcome.packetFor(dialect, { epoch: 'e', seq: 0 }, 'a')
    welcome.packetFor(dialect, { epoch: 'e', seq: 1 }, 'a')
    expect(kinds).toEqual(['state', 'diff'])
  })

  test.each([
    ['another epoch', { epoch: 'f', seq: 1 }],
    ['the future', { epoch: 'e', seq: 9 }],
    ['an epoch that looks like a number and another', { epoch: 'e@1', seq: 1 }],
  ])('[S-7] hold the state for a position of %s', (_what, since) => {
    const { kinds, dialect } = counting(rollcallDialect)
    new StatePackets('t', state(), new RecentStates(new VirtualClock())).packetFor(dialect, since)
    expect(kinds).toEqual(['state'])
  })
})

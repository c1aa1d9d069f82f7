import {
  type Dialect,
  type Frame,
  rollcallDialect,
  type ServerMessage,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import type { Packet } from '../io/packet'
import { Parting } from './parting'
import { type Subscriber, Subscribers, type SubscriptionStart } from './subscribers'

/** Starts all due subscribers, as a flush does. */
function admitDue(members: Subscribers): [Subscriber, SubscriptionStart][] {
  const due = members.dueWith(() => null)
  return due
    .filter(([member, admission]) => members.activate(member, admission))
    .map(([member, admission]) => [member, admission])
}

const noState: SubscriptionStart = {
  onStarted: null,
  withState: false,
  isReturning: false,
  since: null,
  ownRef: null,
}
const withState: SubscriptionStart = {
  onStarted: null,
  withState: true,
  isReturning: false,
  since: null,
  ownRef: null,
}
/** Restarts a live subscriber with the state. */
const again: SubscriptionStart = { ...withState, isReturning: true }
const event: ServerMessage = { kind: 'event', topic: 't', joinRef: null, event: 'e', payload: {} }
const diff: Extract<ServerMessage, { kind: 'diff' }> = {
  kind: 'diff',
  topic: 't',
  diff: {
    epoch: 'e',
    base: 0,
    seq: 1,
    digest: 0,
    joins: [],
    updates: [],
    leaves: [],
    appeared: ['k'],
    disappeared: [],
  },
}

class Listener implements Subscriber {
  readonly heard: Frame[] = []
  readonly packets: Packet[] = []
  readonly dialect: Dialect
  readonly receivesPresence: boolean
  isCongested = false
  canSendState(): boolean {
    return true
  }

  constructor(dialect: Dialect = rollcallDialect, wantsPresence = true) {
    this.dialect = dialect
    this.receivesPresence = wantsPresence
  }

  deliver(packet: Packet): void {
    this.packets.push(packet)
    this.heard.push(...packet.frames)
  }
}

/** A dialect that counts how often it encodes. */
function counting(dialect: Dialect): Dialect & { count: number } {
  const counted = {
    ...dialect,
    count: 0,
    encodeServer(message: ServerMessage) {
      counted.count++
      return dialect.encodeServer(message)
    },
  }
  return counted
}

function live(...listeners: Listener[]): Subscribers {
  const members = new Subscribers()
  for (const one of listeners) members.scheduleState(one, noState)
  members.beginFlush()
  admitDue(members)
  return members
}

describe('the subscribers of a topic', () => {
  test('[S-12] receive broadcasts that are encoded once per dialect', () => {
    const [rollcall, zzz] = [counting(rollcallDialect), counting(zzzDialect)]
    const crowd = [rollcall, rollcall, rollcall, zzz, zzz].map((dialect) => new Listener(dialect))
    live(...crowd).broadcast(diff)
    expect([rollcall.count, zzz.count]).toEqual([1, 1])
    expect(crowd.map(({ heard }) => heard.length)).toEqual([1, 1, 1, 1, 1])
  })

  test('[S-12] receive nothing if their dialect has no frame for the message', () => {
    const vix = counting(vixDialect)
    const crowd = [new Listener(vix), new Listener(vix)]
    live(...crowd).broadcast({ kind: 'channel_closed', topic: 't', joinRef: null, response: {} })
    expect(vix.count).toBe(1)
    expect(crowd.flatMap(({ packets }) => packets)).toEqual([])
  })

  test('can be excluded one at a time', () => {
    const [a, b] = [new Listener(), new Listener()]
    live(a, b).broadcast(event, a)
    expect([a.heard.length, b.heard.length]).toEqual([0, 1])
  })

  test('receive no opening without presence', () => {
    const declines = new Listener(vixDialect, false)
    const wants = new Listener(vixDialect)
    live(wants, declines).broadcast({ kind: 'opened', topic: 't' })
    expect([wants.heard.length, declines.heard.length]).toEqual([1, 0])
  })

  test('receive events and no diff without presence', () => {
    const [wants, declines] = [new Listener(), new Listener(rollcallDialect, false)]
    const members = live(wants, declines)
    members.broadcast(diff)
    expect([wants.heard.length, declines.heard.length]).toEqual([1, 0])
    members.broadcast(event)
    expect([wants.heard.length, declines.heard.length]).toEqual([2, 1])
  })

  test('receive packets at the end of the turn unless they are prompt, and none is marked as a state', () => {
    const one = new Listener()
    const members = live(one)
    members.broadcast(event)
    members.broadcast(event, null, true)
    expect(one.packets.map(({ isImmediate, isState }) => [isImmediate, isState])).toEqual([
      [false, false],
      [true, false],
    ])
  })
})

describe('[S-1] a subscriber receives nothing before it starts', () => {
  test('neither diffs nor events', () => {
    const members = new Subscribers()
    const one = new Listener()
    members.scheduleState(one, withState)
    members.broadcast(diff)
    members.broadcast(event)
    members.beginFlush()
    members.broadcast(diff)
    expect(one.heard).toEqual([])
    admitDue(members)
    members.broadcast(diff)
    expect(one.heard).toHaveLength(1)
  })

  test('a start that is scheduled during a flush waits for the next one', () => {
    const members = new Subscribers()
    const [early, late] = [new Listener(), new Listener()]
    members.scheduleState(early, withState)
    members.beginFlush()
    members.scheduleState(late, withState)
    expect(members.hasScheduled).toBe(true)
    expect(admitDue(members).map(([member]) => member)).toEqual([early])
    members.beginFlush()
    expect(admitDue(members).map(([member]) => member)).toEqual([late])
  })

  test('a flush that failed and begins again still has its due starts', () => {
    const members = new Subscribers()
    const [early, late] = [new Listener(), new Listener()]
    members.scheduleState(early, withState)
    members.beginFlush()
    members.scheduleState(late, withState)
    members.beginFlush()
    expect(admitDue(members).map(([member]) => member)).toEqual([early, late])
  })

  test('a start without a state stays one, and is not returning', () => {
    const members = new Subscribers()
    const one = new Listener()
    members.scheduleState(one, noState)
    members.beginFlush()
    expect(admitDue(members)).toEqual([[one, noState]])
    expect([members.hasScheduled, admitDue(members)]).toEqual([false, []])
  })

  test('a waiting newcomer stays one if a later start says that it returns', () => {
    const members = new Subscribers()
    const one = new Listener()
    members.scheduleState(one, again)
    members.scheduleState(one, withState)
    members.beginFlush()
    members.scheduleState(one, again)
    members.beginFlush()
    expect(admitDue(members)).toEqual([[one, withState]])
    members.scheduleState(one, again)
    members.beginFlush()
    expect(admitDue(members)).toEqual([[one, again]])
  })

  test('starts that do not pass the filter wait, and the others do not', () => {
    const members = new Subscribers()
    const [returning, newcomer] = [new Listener(), new Listener()]
    members.scheduleState(returning, again)
    members.scheduleState(newcomer, withState)
    members.beginFlush()
    const due = members.dueWith(
      (_member, { isReturning }) => `returning: ${isReturning}`,
      ({ isReturning }) => isReturning,
    )
    expect(due).toEqual([[returning, again, 'returning: true']])
    expect(admitDue(members).map(([member]) => member)).toEqual([returning, newcomer])
  })

  test('a start that is scheduled twice happens once, with both terms', () => {
    const members = new Subscribers()
    const one = new Listener()
    const onStarted = () => {}
    members.scheduleState(one, {
      onStarted: onStarted,
      withState: false,
      isReturning: false,
      since: null,
      ownRef: null,
    })
    members.scheduleState(one, withState)
    expect(members.size).toBe(1)
    members.beginFlush()
    expect(admitDue(members)).toEqual([
      [one, { onStarted, withState: true, isReturning: false, since: null, ownRef: null }],
    ])
  })

  test('a subscriber that leaves while it waits or is due does not start', () => {
    const members = new Subscribers()
    const [waiting, due] = [new Listener(), new Listener()]
    members.scheduleState(due, withState)
    members.beginFlush()
    members.scheduleState(waiting, withState)
    members.remove(due)
    members.remove(waiting)
    expect(members.size).toBe(0)
    expect(admitDue(members)).toEqual([])
    members.beginFlush()
    expect(admitDue(members)).toEqual([])
  })
})

describe('[S-1] a subscriber that waits for another state', () => {
  test('receives no diff until then', () => {
    const one = new Listener()
    const members = live(one)
    members.scheduleStateForAll()
    members.broadcast(diff)
    expect(one.heard).toEqual([])
    members.beginFlush()
    expect(admitDue(members)).toEqual([[one, again]])
    members.broadcast(diff)
    expect(one.heard).toHaveLength(1)
  })

  test('receives events meanwhile: only presence waits', () => {
    const [asking, stale] = [new Listener(), new Listener()]
    const members = live(asking, stale)
    members.scheduleState(asking, withState)
    members.broadcast(event)
    members.scheduleStateForAll()
    members.broadcast(event)
    members.beginFlush()
    members.broadcast(event)
    expect([asking.heard.length, stale.heard.length]).toEqual([3, 3])
  })

  test('receives joins and leaves meanwhile if a state does not contain them (Vix)', () => {
    const one = new Listener(vixDialect)
    const members = live(one)
    members.scheduleState(one, withState)
    members.beginFlush()
    members.broadcast(diff)
    expect(one.heard).toEqual(['{"type":"presence.online","payload":{"user":"k"}}'])
  })

  test('is every subscriber that receives presence, in any dialect', () => {
    const crowd = [new Listener(), new Listener(zzzDialect), new Listener(vixDialect)]
    const declines = new Listener(rollcallDialect, false)
    const members = live(...crowd, declines)
    members.scheduleStateForAll()
    members.beginFlush()
    expect(new Set(admitDue(members).map(([member]) => member))).toEqual(new Set(crowd))
    expect(members.size).toBe(4)
  })
})

describe('[S-57] the reasons of leaves in a lost history go', () => {
  const parting = new Parting('t', diff.diff)
  const partings = (members: Subscribers) => {
    members.beginFlush()
    return new Map(admitDue(members).map(([member, admission]) => [member, admission.parting]))
  }

  test('to subscribers that received every diff before', () => {
    const [one, other] = [new Listener(), new Listener(zzzDialect)]
    const members = live(one, other)
    members.scheduleStateForAll(parting)
    const told = partings(members)
    expect([told.get(one), told.get(other)]).toEqual([parting, parting])
  })

  test('not to those that wait for a state, are behind, or have no topics (Vix)', () => {
    const [waiting, due, behind, vix] = [
      new Listener(),
      new Listener(),
      new Listener(),
      new Listener(vixDialect),
    ]
    const members = live(waiting, due, behind, vix)
    members.scheduleState(due, again)
    members.beginFlush()
    members.scheduleState(waiting, again)
    members.markBehind(behind)
    members.scheduleStateForAll(parting)
    expect(partings(members)).toEqual(
      new Map([waiting, due, behind, vix].map((member) => [member, undefined])),
    )
  })

  test('also if the subscriber requests the state meanwhile, or another history is lost', () => {
    const one = new Listener()
    const members = live(one)
    members.scheduleStateForAll(parting)
    members.scheduleState(one, again)
    members.scheduleStateForAll(new Parting('t', diff.diff))
    expect(partings(members).get(one)).toBe(parting)
    members.scheduleStateForAll()
    expect(partings(members).get(one)).toBeUndefined()
  })
})

describe('[S-9] a subscriber whose client reads too slowly', () => {
  /** One subscriber that is behind, and one that is not. */
  function slowAndQuick(dialect: Dialect = rollcallDialect) {
    const [slow, quick] = [new Listener(dialect), new Listener(dialect)]
    const members = live(slow, quick)
    slow.isCongested = true
    members.broadcast(diff)
    const admitted = () => {
      members.beginFlush()
      return admitDue(members)
    }
    return { members, slow, quick, admitted }
  }

  test.each([rollcallDialect, zzzDialect, vixDialect])(
    'receives no diff ($name), and the others do',
    (dialect) => {
      const { slow, quick } = slowAndQuick(dialect)
      expect([slow.heard.length, quick.heard.length]).toEqual([0, 1])
    },
  )

  test('receives no diff until it has the state, even when it can read again', () => {
    const { members, slow, admitted } = slowAndQuick()
    slow.isCongested = false
    members.broadcast(diff)
    expect(members.catchUp(slow)).toBe(true)
    members.broadcast(diff)
    expect(slow.heard).toEqual([])
    expect(admitted()).toEqual([[slow, again]])
    members.broadcast(diff)
    expect(slow.heard).toHaveLength(1)
  })

  test('receives one state, and only if something was withheld', () => {
    const { members, slow, quick, admitted } = slowAndQuick()
    expect(members.catchUp(quick)).toBe(false)
    expect([members.catchUp(slow), members.catchUp(slow)]).toEqual([true, false])
    expect(admitted()).toEqual([[slow, again]])
    expect([members.catchUp(slow), members.hasScheduled]).toEqual([false, false])
    expect(admitted()).toEqual([])
  })

  test('receives events, as they are never repeated', () => {
    const { members, slow } = slowAndQuick()
    members.broadcast(event)
    expect(slow.heard).toHaveLength(1)
  })

  test('is forgotten when it leaves', () => {
    const { members, slow, admitted } = slowAndQuick()
    members.remove(slow)
    expect([members.catchUp(slow), members.size, admitted()]).toEqual([false, 1, []])
  })

  test('receives the state if all subscribers need it', () => {
    const { members, slow, quick, admitted } = slowAndQuick()
    members.scheduleStateForAll()
    expect(new Set(admitted().map(([member]) => member))).toEqual(new Set([slow, quick]))
    expect(members.catchUp(slow)).toBe(false)
    // A subscriber that still cannot read must be marked as behind again.
    members.markBehind(slow)
    members.broadcast(diff)
    expect([slow.heard.length, quick.heard.length]).toEqual([0, 2])
    expect(members.catchUp(slow)).toBe(true)
  })
})

test('[S-9] a removed subscriber is forgotten, also if it is removed twice', () => {
  const one = new Listener()
  const members = live(one)
  members.remove(one)
  members.remove(one)
  expect(members.size).toBe(0)
  members.broadcast(event)
  expect(one.heard).toEqual([])
  const empty = new Subscribers()
  empty.remove(one)
  expect(empty.size).toBe(0)
})

test('other subscribers of the same dialect go on after one has left', () => {
  const [gone, stays] = [new Listener(), new Listener()]
  const members = live(gone, stays)
  members.remove(gone)
  members.broadcast(event)
  expect([gone.heard.length, stays.heard.length]).toEqual([0, 1])
})

test('[S-9] a subscriber that was marked as behind receives the state when it catches up', () => {
  const one = new Listener()
  const members = live(one)
  expect(members.catchUp(one)).toBe(false)
  members.markBehind(one)
  members.broadcast(diff)
  expect([one.heard, members.catchUp(one)]).toEqual([[], true])
})

test('[S-1] a due start that was scheduled again does not happen on the old terms', () => {
  const members = new Subscribers()
  const one = new Listener()
  members.scheduleState(one, noState)
  members.beginFlush()
  const [[, admission] = [one, noState]] = members.dueWith(() => null)
  members.scheduleState(one, withState)
  expect(members.activate(one, admission)).toBe(false)
  members.broadcast(event)
  expect(one.heard).toEqual([])
})

test('[S-1] a due start waits for the next flush if all subscribers need a state', () => {
  const members = new Subscribers()
  const one = new Listener()
  members.scheduleState(one, withState)
  members.beginFlush()
  members.scheduleStateForAll()
  expect(admitDue(members)).toEqual([])
  members.beginFlush()
  expect(admitDue(members).map(([member]) => member)).toEqual([one])
})

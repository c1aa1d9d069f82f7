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

/** Lets in all that are due, as a flush does. */
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
/** Of one who is in already, and is given the state once more. */
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

describe('the members of a topic', () => {
  test('[S-12] what goes to many is encoded once for each dialect', () => {
    const [rollcall, zzz] = [counting(rollcallDialect), counting(zzzDialect)]
    const crowd = [rollcall, rollcall, rollcall, zzz, zzz].map((dialect) => new Listener(dialect))
    live(...crowd).broadcast(diff)
    expect([rollcall.count, zzz.count]).toEqual([1, 1])
    expect(crowd.map(({ heard }) => heard.length)).toEqual([1, 1, 1, 1, 1])
  })

  test('[S-12] a dialect that has no word for it is asked once, and nobody of it is bothered', () => {
    const vix = counting(vixDialect)
    const crowd = [new Listener(vix), new Listener(vix)]
    live(...crowd).broadcast({ kind: 'channel_closed', topic: 't', joinRef: null, response: {} })
    expect(vix.count).toBe(1)
    expect(crowd.flatMap(({ packets }) => packets)).toEqual([])
  })

  test('one can be left out', () => {
    const [a, b] = [new Listener(), new Listener()]
    live(a, b).broadcast(event, a)
    expect([a.heard.length, b.heard.length]).toEqual([0, 1])
  })

  test('who wants no presence is not told that somebody opened either', () => {
    const declines = new Listener(vixDialect, false)
    const wants = new Listener(vixDialect)
    live(wants, declines).broadcast({ kind: 'opened', topic: 't' })
    expect([wants.heard.length, declines.heard.length]).toEqual([1, 0])
  })

  test('who wants no presence gets events and no diff', () => {
    const [wants, declines] = [new Listener(), new Listener(rollcallDialect, false)]
    const members = live(wants, declines)
    members.broadcast(diff)
    expect([wants.heard.length, declines.heard.length]).toEqual([1, 0])
    members.broadcast(event)
    expect([wants.heard.length, declines.heard.length]).toEqual([2, 1])
  })

  test('what is told waits for the end of the turn unless it is said to be prompt, and is never a state', () => {
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

describe('[S-1] who comes in is told nothing before it is admitted', () => {
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

  test('one that comes while a flush runs waits for the next one', () => {
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

  test('a flush that failed and begins again still has those that it captured', () => {
    const members = new Subscribers()
    const [early, late] = [new Listener(), new Listener()]
    members.scheduleState(early, withState)
    members.beginFlush()
    members.scheduleState(late, withState)
    members.beginFlush()
    expect(admitDue(members).map(([member]) => member)).toEqual([early, late])
  })

  test('one that asks for no state is admitted without one, and as the newcomer that it is', () => {
    const members = new Subscribers()
    const one = new Listener()
    members.scheduleState(one, noState)
    members.beginFlush()
    expect(admitDue(members)).toEqual([[one, noState]])
    expect([members.hasScheduled, admitDue(members)]).toEqual([false, []])
  })

  test('one that is said to return only later is a newcomer still, as long as it was not let in', () => {
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

  test('those that may not come in yet wait on, and the others do not', () => {
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

  test('one that asks again while it waits is admitted once, with all that it asked for', () => {
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

  test('one that leaves while it waits or is due is not admitted', () => {
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

describe('[S-1] who has to be given a state again', () => {
  test('is told no diff until then', () => {
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

  test('is told of events all the while: only presence waits', () => {
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

  test('is told who came and went nevertheless where a state says nothing of that (Vix)', () => {
    const one = new Listener(vixDialect)
    const members = live(one)
    members.scheduleState(one, withState)
    members.beginFlush()
    members.broadcast(diff)
    expect(one.heard).toEqual(['{"type":"presence.online","payload":{"user":"k"}}'])
  })

  test('is everybody who wants presence, of whatever dialect', () => {
    const crowd = [new Listener(), new Listener(zzzDialect), new Listener(vixDialect)]
    const declines = new Listener(rollcallDialect, false)
    const members = live(...crowd, declines)
    members.scheduleStateForAll()
    members.beginFlush()
    expect(new Set(admitDue(members).map(([member]) => member))).toEqual(new Set(crowd))
    expect(members.size).toBe(4)
  })
})

describe('[S-57] why somebody left a history that was lost is told', () => {
  const parting = new Parting('t', diff.diff)
  const partings = (members: Subscribers) => {
    members.beginFlush()
    return new Map(admitDue(members).map(([member, admission]) => [member, admission.parting]))
  }

  test('to those who were told of everything before', () => {
    const [one, other] = [new Listener(), new Listener(zzzDialect)]
    const members = live(one, other)
    members.scheduleStateForAll(parting)
    const told = partings(members)
    expect([told.get(one), told.get(other)]).toEqual([parting, parting])
  })

  test('not to those who wait for a state, are behind with their reading, or have no topics (Vix)', () => {
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

  test('also where the member asks for the state meanwhile, or another history is lost', () => {
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

describe('[S-9] who is behind with its reading', () => {
  /** One that has fallen behind, and one that has not. */
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
    'is told no diff ($name); the others are',
    (dialect) => {
      const { slow, quick } = slowAndQuick(dialect)
      expect([slow.heard.length, quick.heard.length]).toEqual([0, 1])
    },
  )

  test('is told no diff either once it can read, until it has the state: one is missing before', () => {
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

  test('is given one state, and only where something was kept from it', () => {
    const { members, slow, quick, admitted } = slowAndQuick()
    expect(members.catchUp(quick)).toBe(false)
    expect([members.catchUp(slow), members.catchUp(slow)]).toEqual([true, false])
    expect(admitted()).toEqual([[slow, again]])
    expect([members.catchUp(slow), members.hasScheduled]).toEqual([false, false])
    expect(admitted()).toEqual([])
  })

  test('is told of events nevertheless: nothing says them anew', () => {
    const { members, slow } = slowAndQuick()
    members.broadcast(event)
    expect(slow.heard).toHaveLength(1)
  })

  test('and leaves is forgotten', () => {
    const { members, slow, admitted } = slowAndQuick()
    members.remove(slow)
    expect([members.catchUp(slow), members.size, admitted()]).toEqual([false, 1, []])
  })

  test('is given the state as everybody is where everybody needs it', () => {
    const { members, slow, quick, admitted } = slowAndQuick()
    members.scheduleStateForAll()
    expect(new Set(admitted().map(([member]) => member))).toEqual(new Set([slow, quick]))
    expect(members.catchUp(slow)).toBe(false)
    // Who still reads nothing when its turn comes has to be noted again.
    members.markBehind(slow)
    members.broadcast(diff)
    expect([slow.heard.length, quick.heard.length]).toEqual([0, 2])
    expect(members.catchUp(slow)).toBe(true)
  })
})

test('[S-9] who was removed is forgotten, however often', () => {
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

test('those of the same dialect as one that left are told on', () => {
  const [gone, stays] = [new Listener(), new Listener()]
  const members = live(gone, stays)
  members.remove(gone)
  members.broadcast(event)
  expect([gone.heard.length, stays.heard.length]).toEqual([0, 1])
})

test('[S-9] one that presence was kept from elsewhere is given the state when it catches up', () => {
  const one = new Listener()
  const members = live(one)
  expect(members.catchUp(one)).toBe(false)
  members.markBehind(one)
  members.broadcast(diff)
  expect([one.heard, members.catchUp(one)]).toEqual([[], true])
})

test('[S-1] one that was captured and has asked for something else since is not let in on the old terms', () => {
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

test('[S-1] one that was captured before everybody needs a state is given it with the next flush', () => {
  const members = new Subscribers()
  const one = new Listener()
  members.scheduleState(one, withState)
  members.beginFlush()
  members.scheduleStateForAll()
  expect(admitDue(members)).toEqual([])
  members.beginFlush()
  expect(admitDue(members).map(([member]) => member)).toEqual([one])
})

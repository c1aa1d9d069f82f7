// docs/reference/protocol.md says what the protocol package does: its frames, tables and test vectors.

import {
  CLOSE_CODES,
  type ClientMessage,
  type Continuity,
  continuityOf,
  DEFAULT_LIMITS,
  type Dialect,
  digestOf,
  fault,
  isErrorCode,
  type JsonObject,
  LEAVE_REASONS,
  negotiateDialect,
  type Presence,
  type PresenceDiff,
  PresenceSet,
  type ReceivedMessage,
  rollcallDialect,
  type ServerMessage,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { jsonValues, readDocument, tableUnder } from './markdown'
import { parseSession } from './session'

const page = readDocument('docs/reference/protocol.md')
const context = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }

/** Frames of the blocks "```json <dialect> <side>", each as its text without spaces. */
function framesOf(dialect: string, side: 'client' | 'server'): string[] {
  return page.fences
    .filter(({ words }) => words[0] === dialect && words[1] === side)
    .flatMap(jsonValues)
    .map((frame) => JSON.stringify(frame))
}

function decodeClient(dialect: Dialect, frame: string): ClientMessage {
  const decoded = dialect.decodeClient(frame, context)
  if (!decoded.ok) throw new Error(decoded.fault.message)
  return decoded.message
}

describe('the native frames', () => {
  const clientFrames = framesOf('rollcall', 'client')
  const serverFrames = framesOf('rollcall', 'server')

  test.each(clientFrames)('a server understands %s, and a client would send it', (frame) => {
    expect(rollcallDialect.encodeClient(decodeClient(rollcallDialect, frame))).toBe(frame)
  })

  test.each(serverFrames)('a client understands %s, and a server would send it', (frame) => {
    const received = rollcallDialect.decodeServer(frame)
    if (!received.ok) throw new Error(received.fault.message)
    expect(rollcallDialect.encodeServer(asSent(received.value))).toEqual([frame])
  })

  test('include every message that a client has a word for', () => {
    const kinds: Record<Exclude<ClientMessage['kind'], 'appear' | 'disappear'>, true> = {
      heartbeat: true,
      hello: true,
      goodbye: true,
      refresh: true,
      join: true,
      leave: true,
      push: true,
      update: true,
      patch: true,
      sync: true,
    }
    const shown = new Set(clientFrames.map((frame) => decodeClient(rollcallDialect, frame).kind))
    expect([...shown].sort()).toEqual(Object.keys(kinds).sort())
  })

  test('include every message that a server has a word for', () => {
    const kinds: Record<ReceivedMessage['kind'], true> = {
      reply: true,
      event: true,
      state: true,
      diff: true,
      channel_closed: true,
      channel_failed: true,
      fault: true,
    }
    const shown = new Set(
      serverFrames.map((frame) => {
        const received = rollcallDialect.decodeServer(frame)
        return received.ok ? received.value.kind : 'unreadable'
      }),
    )
    expect([...shown].sort()).toEqual(Object.keys(kinds).sort())
  })
})

describe('the zzz frames', () => {
  test.each(framesOf('zzz', 'client'))('a server understands %s', (frame) => {
    decodeClient(zzzDialect, frame)
  })

  test('of a server are what one sends', () => {
    const topic = 'chat:lobby'
    const [ada, bob] = [presence('r1', 'ada', { name: 'Ada' }), presence('r2', 'bob', {})]
    const set = new PresenceSet()
    set.apply({ joins: [ada, bob], updates: [], leaves: [] })
    const sent: ServerMessage[] = [
      { kind: 'reply', topic, ref: '1', joinRef: '1', status: 'ok', response: {} },
      {
        kind: 'state',
        topic,
        joinRef: null,
        snapshot: { epoch: 'e', seq: 1, digest: 0, presences: [ada, bob] },
      },
      {
        kind: 'diff',
        topic,
        diff: {
          epoch: 'e',
          base: 1,
          seq: 2,
          digest: 0,
          joins: [],
          updates: [{ ref: 'r2', key: 'bob', rev: 1, meta: { status: 'away' }, previous: bob }],
          leaves: [{ ref: 'r1', key: 'ada', reason: 'left', presence: ada }],
          appeared: [],
          disappeared: ['ada'],
        },
      },
      { kind: 'event', topic, joinRef: null, event: 'new_msg', payload: { body: 'Hello' } },
      { kind: 'channel_closed', topic, joinRef: '1', response: {} },
      { kind: 'fault', fault: fault('malformed_frame', 'The frame is not JSON: "{".') },
    ]
    expect(framesOf('zzz', 'server')).toEqual(sent.flatMap((message) => zzzDialect.encodeServer(message)))
  })
})

describe('the vix frames', () => {
  test.each(framesOf('vix', 'client'))('a server understands %s', (frame) => {
    decodeClient(vixDialect, frame)
  })

  test('of a server are what one sends', () => {
    const topic = 'room:lobby'
    const [alice, bob] = [presence('r1', 'Alice', {}), presence('r2', 'Bob', {})]
    const diff = { epoch: 'e', base: 0, seq: 1, digest: 0, joins: [], updates: [], leaves: [] }
    const sent: ServerMessage[] = [
      { kind: 'opened', topic },
      { kind: 'diff', topic, diff: { ...diff, joins: [alice], appeared: ['Alice'], disappeared: [] } },
      {
        kind: 'diff',
        topic,
        diff: {
          ...diff,
          leaves: [{ ref: 'r1', key: 'Alice', reason: 'left', presence: alice }],
          appeared: [],
          disappeared: ['Alice'],
        },
      },
      {
        kind: 'state',
        topic,
        joinRef: null,
        snapshot: { epoch: 'e', seq: 1, digest: 0, presences: [alice, bob] },
      },
      { kind: 'fault', fault: fault('malformed_frame', 'The frame is not JSON: "Alice".') },
      { kind: 'event', topic, joinRef: null, event: 'chat.message', payload: { text: 'Hello' } },
    ]
    expect(framesOf('vix', 'server')).toEqual(sent.flatMap((message) => vixDialect.encodeServer(message)))
  })
})

describe('presence', () => {
  const sessions = page.fences.filter(({ words }) => words[0] === 'session')

  test.each(sessions)(
    'the digests and numbers of the session in line $line follow from its own refs',
    (fence) => {
      const held = new Map<string, { set: PresenceSet; at: { epoch: string; seq: number } }>()
      let compared = 0
      for (const step of parseSession(fence)) {
        if (step.kind !== 'receive') continue
        const received = rollcallDialect.decodeServer(JSON.stringify(step.frame))
        if (!received.ok) throw new Error(received.fault.message)
        const message = received.value
        if (message.kind === 'state') {
          const { epoch, seq, digest, presences } = message.snapshot
          const set = new PresenceSet()
          set.replace(presences)
          held.set(step.who, { set, at: { epoch, seq } })
          expect(set.digest).toBe(digest)
          compared++
        } else if (message.kind === 'diff') {
          const map = held.get(step.who)
          if (!map) throw new Error(`${step.who} is told a diff before a state`)
          // Who comes back and has missed nothing is told an empty diff.
          const isEmpty = message.diff.base === message.diff.seq
          expect(continuityOf(map.at, message.diff)).toBe(isEmpty ? 'ignore' : 'apply')
          map.set.apply(message.diff)
          map.at = message.diff
          expect(map.set.digest).toBe(message.diff.digest)
          compared++
        }
      }
      expect(compared).toBeGreaterThan(0)
    },
  )

  test('the digests of the frames shown follow from their refs', () => {
    const presences: Presence[] = []
    for (const frame of framesOf('rollcall', 'server')) {
      const received = rollcallDialect.decodeServer(frame)
      if (!received.ok) throw new Error(received.fault.message)
      if (received.value.kind === 'state') {
        presences.push(...received.value.snapshot.presences)
        expect(digestOf(presences)).toBe(received.value.snapshot.digest)
      } else if (received.value.kind === 'diff') {
        const set = new PresenceSet()
        set.replace(presences)
        set.apply(received.value.diff)
        expect(set.digest).toBe(received.value.diff.digest)
      }
    }
  })

  test('the test vectors of the digest', () => {
    const rows = tableUnder(page, 'Test vectors')
    expect(rows.length).toBeGreaterThan(5)
    for (const [presences = '', digest] of rows) {
      const pairs = [...presences.matchAll(/`([^`]*):(\d+)`/g)]
      expect(digestOf(pairs.map(([, ref = '', rev]) => ({ ref, rev: Number(rev) })))).toBe(Number(digest))
    }
  })

  test('when a diff may be applied', () => {
    const diff = (more: Partial<PresenceDiff>) => ({ epoch: 'e', base: 5, seq: 7, ...more })
    const at = { epoch: 'e', seq: 5 }
    const cases: Record<string, Continuity> = {
      'nothing is held yet': continuityOf(null, diff({})),
      'another `epoch`': continuityOf(at, diff({ epoch: 'f' })),
      '`seq` ≤ the one held': continuityOf(at, diff({ base: 3, seq: 5 })),
      '`base` = the one held': continuityOf(at, diff({})),
      '`base` < the one held < `seq`': continuityOf(at, diff({ base: 4 })),
      '`base` > the one held': continuityOf(at, diff({ base: 6 })),
    }
    const rows = tableUnder(page, 'When a diff may be applied').map(([row = '', act = '']) => [
      row,
      act.replace(/ it$/, '').replace(/[ :].*/, ''),
    ])
    expect(Object.fromEntries(rows)).toEqual(cases)
  })

  test('the reasons of a leave', () => {
    const rows = tableUnder(page, 'How a diff is applied').map(([reason]) => reason)
    expect(rows).toEqual(LEAVE_REASONS.map((reason) => `\`${reason}\``))
  })
})

describe('the tables', () => {
  test('of dialects', () => {
    const rows = tableUnder(page, 'The protocol')
    const names = ['`rollcall`', '`phoenix-v2`', '`phoenix-v1`', '`zzz`', '`vix`']
    expect(rows.map(([name]) => name)).toEqual(names)
    for (const [name, chosenBy = ''] of rows) {
      const [, path = ''] = /path `([^`]+)`/.exec(chosenBy) ?? []
      const [, subprotocol] = /subprotocol `([^`]+)`/.exec(chosenBy) ?? []
      const [, vsn] = /`vsn=([^`]+)`/.exec(chosenBy) ?? []
      const chosen = negotiateDialect({
        path,
        subprotocols: subprotocol === undefined ? [] : [subprotocol],
        params: new Map(vsn === undefined ? [] : [['vsn', vsn]]),
      })
      expect(chosen.ok && `\`${chosen.dialect.name}\``).toBe(name)
    }
  })

  test('of close codes', () => {
    const rows = tableUnder(page, 'Close codes').map(([code, name, comeBack = '']) => [
      code,
      name,
      comeBack.replace(/,.*/, ''),
    ])
    const codes = Object.entries(CLOSE_CODES).map(([code, { name, shouldReconnect }]) => [
      code,
      `\`${name}\``,
      shouldReconnect ? 'yes' : 'no',
    ])
    expect(rows).toEqual(codes)
  })

  test('of limits', () => {
    const rows = tableUnder(page, 'Limits').map(([name = '', value]) => [
      name.replaceAll('`', ''),
      Number(value),
    ])
    expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS)
  })
})

function presence(ref: string, key: string, meta: JsonObject): Presence {
  return { ref, key, meta, rev: 0 }
}

/** The message that a server must have sent. What the native dialect does not tell may be anything. */
function asSent(received: ReceivedMessage): ServerMessage {
  switch (received.kind) {
    case 'reply':
      return received.status === 'ok' ? received : { ...received, fault: faultOf(received.response) }
    case 'channel_failed':
      return { ...received, fault: faultOf(received.response) }
    case 'fault':
      return { ...received, fault: faultOf(received.response) }
    case 'diff': {
      const { diff } = received
      const leaves = diff.leaves.map((leave) => ({ ...leave, presence: presence(leave.ref, leave.key, {}) }))
      const updates = diff.updates.map((update) => ({
        ...update,
        key: '',
        previous: presence(update.ref, '', {}),
      }))
      return { ...received, diff: { ...diff, leaves, updates, appeared: [], disappeared: [] } }
    }
    default:
      return received
  }
}

function faultOf(response: JsonObject) {
  const { reason, message, ...details } = response
  const code = String(reason)
  return isErrorCode(code)
    ? fault(code, String(message), { details })
    : fault('refused', String(message), { reason: code, details })
}

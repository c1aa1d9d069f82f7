import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import type { FullDiff } from '../presence/presence'
import type { DecodeContext } from './dialect'
import { vixDialect } from './vix'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }
const decode = (frame: unknown) => vixDialect.decodeClient(JSON.stringify(frame), context)

describe('vix reads what a client says, of the topic that it did not name', () => {
  const topic = 'room:lobby'

  test.each([
    [
      { type: 'presence.join', payload: { user: 'Alice' } },
      { kind: 'appear', topic, key: 'Alice' },
    ],
    [
      { type: 'presence.leave', payload: { user: 'Alice' } },
      { kind: 'disappear', topic, key: 'Alice' },
    ],
    [
      { type: 'presence.list', payload: {} },
      { kind: 'sync', topic, ref: null, joinRef: null },
    ],
    [{ type: 'presence.list' }, { kind: 'sync', topic, ref: null, joinRef: null }],
    [
      { type: 'chat', payload: { text: 'hi' } },
      { kind: 'push', topic, ref: null, joinRef: null, event: 'chat', payload: { text: 'hi' } },
    ],
    [{ type: 'chat' }, { kind: 'push', topic, ref: null, joinRef: null, event: 'chat', payload: {} }],
    [
      { type: 'chat', payload: null },
      { kind: 'push', topic, ref: null, joinRef: null, event: 'chat', payload: null },
    ],
    [
      { type: 'presence.join', payload: { user: '__proto__' } },
      { kind: 'appear', topic, key: '__proto__' },
    ],
  ])('%j', (frame, message) => {
    expect(decode(frame)).toEqual({ ok: true, message })
  })
})

describe('[P-12] vix answers what it cannot read with what is wrong', () => {
  test.each<[string, unknown, string]>([
    ['an array', ['presence.join'], 'invalid_message'],
    ['a string', 'presence.join', 'invalid_message'],
    ['no type', { payload: {} }, 'invalid_message'],
    ['an empty type', { type: '' }, 'invalid_message'],
    ['a type that is a number', { type: 1 }, 'invalid_message'],
    ['a join without a user', { type: 'presence.join', payload: {} }, 'invalid_message'],
    ['a join without a payload', { type: 'presence.join' }, 'invalid_message'],
    ['a join whose payload is null', { type: 'presence.join', payload: null }, 'invalid_message'],
    ['a join of an empty user', { type: 'presence.join', payload: { user: '' } }, 'invalid_message'],
    ['a join of a user who is a number', { type: 'presence.join', payload: { user: 5 } }, 'invalid_message'],
    ['a leave whose payload is an array', { type: 'presence.leave', payload: ['Alice'] }, 'invalid_message'],
    ['a forged presence.online', { type: 'presence.online', payload: { user: 'x' } }, 'unknown_event'],
    ['an unknown presence type', { type: 'presence.typing' }, 'unknown_event'],
    ["another dialect's state", { type: 'presence_state' }, 'reserved_event'],
    ["another dialect's reply", { type: 'phx_reply' }, 'reserved_event'],
    ['a type that is too long', { type: 't'.repeat(129) }, 'limit_exceeded'],
  ])('%s', (_what, frame, code) => {
    expect(decode(frame)).toMatchObject({ ok: false, fault: { code }, replyTo: null })
  })

  test('it refuses bytes and texts that are not JSON', () => {
    expect(vixDialect.decodeClient(new Uint8Array(1), context)).toMatchObject({
      fault: { code: 'binary_unsupported' },
    })
    expect(vixDialect.decodeClient('presence.join', context)).toMatchObject({
      fault: { code: 'malformed_frame' },
    })
  })

  test('[P-10] an inherited property is not a user', () => {
    const decoded = vixDialect.decodeClient(
      '{"type":"presence.join","payload":{"__proto__":{"user":"x"}}}',
      context,
    )
    expect(decoded).toMatchObject({ ok: false })
  })
})

describe('[P-4] vix tells keys: who appeared, who disappeared, who is here', () => {
  const diff: FullDiff = {
    epoch: 'e',
    base: 0,
    seq: 1,
    digest: 0,
    joins: [
      { ref: 'a2', key: 'ada', rev: 0, meta: {} },
      { ref: 'b1', key: 'bob', rev: 0, meta: {} },
    ],
    updates: [],
    leaves: [],
    appeared: ['bob'],
    disappeared: ['cy', 'dan'],
  }

  test('a diff is one frame for each key that moved, and none for a second device', () => {
    expect(vixDialect.encodeServer({ kind: 'diff', topic: 't', diff })).toEqual([
      '{"type":"presence.online","payload":{"user":"bob"}}',
      '{"type":"presence.offline","payload":{"user":"cy"}}',
      '{"type":"presence.offline","payload":{"user":"dan"}}',
    ])
  })

  test('a diff that moves no key is no frame', () => {
    const quiet = { ...diff, appeared: [], disappeared: [] }
    expect(vixDialect.encodeServer({ kind: 'diff', topic: 't', diff: quiet })).toEqual([])
  })

  test('a state names each key once', () => {
    const presences = [...diff.joins, { ref: 'a1', key: 'ada', rev: 0, meta: {} }]
    const snapshot = { epoch: 'e', seq: 1, digest: 0, presences }
    expect(vixDialect.encodeServer({ kind: 'state', topic: 't', joinRef: null, snapshot })).toEqual([
      '{"type":"presence.current","payload":{"users":["ada","bob"]}}',
    ])
  })

  test('it has no frame for an ok reply or the end of a channel', () => {
    const head = { topic: 't', ref: '1', joinRef: null } as const
    expect(vixDialect.encodeServer({ kind: 'reply', ...head, status: 'ok', response: {} })).toEqual([])
    expect(vixDialect.encodeServer({ kind: 'channel_closed', ...head, response: {} })).toEqual([])
  })
})

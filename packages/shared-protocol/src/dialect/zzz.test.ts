import { describe, expect, test } from 'vitest'
import { fault } from '../fault'
import { DEFAULT_LIMITS } from '../limits'
import type { FullDiff, Presence } from '../presence/presence'
import type { DecodeContext } from './dialect'
import { zzzDialect } from './zzz'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'unused' }
const decode = (frame: unknown) => zzzDialect.decodeClient(JSON.stringify(frame), context)

describe('zzz reads what a client says', () => {
  const about = { topic: 'chat:1', ref: '7', joinRef: null }

  test.each([
    [
      { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '1' },
      { kind: 'heartbeat', ref: '1', topic: 'phoenix' },
    ],
    [
      { topic: 'rollcall', event: 'heartbeat', ref: '1' },
      { kind: 'heartbeat', ref: '1', topic: 'rollcall' },
    ],
    [
      { topic: 'chat:1', event: 'phx_join', payload: {}, ref: '7' },
      { kind: 'join', ...about, payload: {} },
    ],
    [
      { topic: 'chat:1', event: 'phx_join', ref: '7' },
      { kind: 'join', ...about, payload: {} },
    ],
    [
      { topic: 'chat:1', event: 'phx_join', payload: null, ref: 7, join_ref: 7 },
      { kind: 'join', topic: 'chat:1', ref: 7, joinRef: 7, payload: {} },
    ],
    [
      { topic: 'chat:1', event: 'phx_leave', payload: {}, ref: '7' },
      { kind: 'leave', ...about },
    ],
    [
      { topic: 'chat:1', event: 'say', payload: 'hi' },
      { kind: 'push', ...about, ref: null, event: 'say', payload: 'hi' },
    ],
    [
      { topic: 'chat:1', event: 'say', ref: '7' },
      { kind: 'push', ...about, event: 'say', payload: {} },
    ],
    [
      { topic: 'chat:1', event: 'say', payload: null, ref: '7' },
      { kind: 'push', ...about, event: 'say', payload: null },
    ],
    [
      { topic: 'chat:1', event: 'get_presence', payload: {}, ref: '7' },
      { kind: 'push', ...about, event: 'get_presence', payload: {} },
    ],
    [
      { topic: 'chat:1', event: 'presence_update', payload: { meta: { a: 1 } }, ref: '7' },
      { kind: 'update', ...about, meta: { a: 1 } },
    ],
    [
      { topic: 'chat:1', event: 'presence_patch', payload: { patch: {} }, ref: '7' },
      { kind: 'patch', ...about, patch: {} },
    ],
    [
      { topic: 'chat:1', event: 'presence_sync', ref: '7' },
      { kind: 'sync', ...about },
    ],
  ])('%j', (frame, message) => {
    expect(decode(frame)).toEqual({ ok: true, message })
  })
})

describe('[P-12] zzz answers what it cannot read with what is wrong', () => {
  const good = { topic: 'chat:1', event: 'say', payload: {}, ref: '1' }

  test.each<[string, unknown, string]>([
    ['an array', [null, '1', 'chat:1', 'say', {}], 'invalid_message'],
    ['null', null, 'invalid_message'],
    ['a number', 5, 'invalid_message'],
    ['an empty object', {}, 'invalid_message'],
    ['no topic', { ...good, topic: undefined }, 'invalid_message'],
    ['an empty topic', { ...good, topic: '' }, 'invalid_message'],
    ['no event', { ...good, event: undefined }, 'invalid_message'],
    ['an event that is an object', { ...good, event: {} }, 'invalid_message'],
    ['a ref that is an array', { ...good, ref: [] }, 'invalid_message'],
    ['a join_ref that is true', { ...good, join_ref: true }, 'invalid_message'],
    ['a join with a number', { ...good, event: 'phx_join', payload: 4 }, 'invalid_message'],
    ['an unknown event of the system topic', { ...good, topic: 'phoenix' }, 'unknown_event'],
    ['a forged state', { ...good, event: 'presence_state' }, 'reserved_event'],
    ['a topic that is too long', { ...good, topic: 't'.repeat(129) }, 'limit_exceeded'],
    ['an event that is too long', { ...good, event: 'e'.repeat(129) }, 'limit_exceeded'],
  ])('%s', (_what, frame, code) => {
    expect(decode(frame)).toMatchObject({ ok: false, fault: { code } })
  })

  test('bytes', () => {
    const decoded = zzzDialect.decodeClient(new Uint8Array(1), context)
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'binary_unsupported' } })
  })

  test('[P-10] a field behind __proto__ is not a topic', () => {
    const decoded = zzzDialect.decodeClient('{"__proto__":{"topic":"t","event":"say"},"ref":"1"}', context)
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'invalid_message' } })
  })
})

describe('zzz tells presence in the words that its clients know: keys', () => {
  const presence = (ref: string, key: string, rev = 0): Presence => ({ ref, key, rev, meta: { ref, rev } })
  const leave = (one: Presence) => ({ ref: one.ref, key: one.key, reason: 'left' as const, presence: one })
  const bodyOf = (some: Partial<FullDiff>) => {
    const diff: FullDiff = {
      ...{
        epoch: 'e',
        base: 0,
        seq: 1,
        digest: 0,
        joins: [],
        updates: [],
        leaves: [],
        appeared: [],
        disappeared: [],
      },
      ...some,
    }
    const [frame] = zzzDialect.encodeServer({ kind: 'diff', topic: 'chat:1', diff })
    return JSON.parse(frame as string).payload
  }

  test('[P-4] a leave names a key only when nobody of that key is left', () => {
    const [one, other] = [presence('a1', 'ada'), presence('b1', 'bob')]
    const body = bodyOf({ leaves: [leave(one), leave(other)], disappeared: ['bob'] })
    expect(body).toEqual({ joins: [], leaves: [{ key: 'bob', meta: { ref: 'b1', rev: 0 } }] })
  })

  test('[P-4] a key whose presences leave together leaves once', () => {
    const body = bodyOf({
      leaves: [leave(presence('a1', 'ada')), leave(presence('a2', 'ada'))],
      disappeared: ['ada'],
    })
    expect(body.leaves.map(({ key }: { key: string }) => key)).toEqual(['ada'])
  })

  test('[P-3] an update is a join that overwrites, and never a leave', () => {
    const update = { ...presence('a1', 'ada', 1), previous: presence('a1', 'ada') }
    expect(bodyOf({ updates: [update] })).toEqual({
      joins: [{ key: 'ada', meta: { ref: 'a1', rev: 1 } }],
      leaves: [],
    })
  })

  test('a new connection sends no frame', () => {
    expect(zzzDialect.encodeServer({ kind: 'opened', topic: 'chat:1' })).toEqual([])
  })
})

describe('[P-23] what zzz’s server does not say is not said in its dialect', () => {
  const reply = (code: 'unknown_event' | 'not_joined' | 'unmatched_topic' | 'throttled') =>
    zzzDialect.encodeServer({
      kind: 'reply',
      topic: 'room:1',
      ref: '7',
      joinRef: null,
      status: 'error',
      fault: fault(code, 'So it is.'),
    })

  test.each(['unknown_event', 'not_joined'] as const)('an event that comes to %s is not answered', (code) => {
    expect(reply(code)).toEqual([])
  })

  test('a topic that no channel serves is refused in its words', () => {
    expect(reply('unmatched_topic').map((frame) => JSON.parse(frame as string))).toEqual([
      {
        topic: 'room:1',
        event: 'phx_reply',
        payload: { status: 'error', response: { reason: 'no such channel', message: 'So it is.' } },
        ref: '7',
      },
    ])
  })

  test('other refusals get a reply', () => {
    expect(JSON.parse(reply('throttled')[0] as string).payload.response.reason).toBe('throttled')
  })

  test.each(['room:1', 'phoenix', 'rollcall', 'whatever'])('a heartbeat on %s is one', (topic) => {
    const frame = JSON.stringify({ topic, event: 'heartbeat', payload: {}, ref: '9' })
    const decoded = zzzDialect.decodeClient(frame, { limits: DEFAULT_LIMITS, implicitTopic: '' })
    expect(decoded).toEqual({ ok: true, message: { kind: 'heartbeat', ref: '9', topic } })
  })
})

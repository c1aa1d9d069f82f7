import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import type { DecodeContext } from './dialect'
import { rollcallDialect } from './rollcall'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'unused' }
const decode = (frame: unknown) => rollcallDialect.decodeClient(JSON.stringify(frame), context)
const decodeServer = (frame: unknown) => rollcallDialect.decodeServer(JSON.stringify(frame))

describe('rollcall reads what a client says', () => {
  const about = { topic: 'room:1', ref: '7', joinRef: '3' }

  test.each([
    [[null, '1', 'rollcall', 'heartbeat', {}], { kind: 'heartbeat', ref: '1', topic: 'rollcall' }],
    [[null, 1, 'rollcall', 'hello', {}], { kind: 'hello', ref: 1 }],
    [[null, 1, 'rollcall', 'hello', { token: 't.s' }], { kind: 'hello', ref: 1, token: 't.s' }],
    [[null, null, 'rollcall', 'goodbye', {}], { kind: 'goodbye', ref: null }],
    [[null, '2', 'rollcall', 'refresh', null], { kind: 'refresh', ref: '2', params: new Map() }],
    [[null, '2', 'rollcall', 'refresh', { params: {} }], { kind: 'refresh', ref: '2', params: new Map() }],
    [
      ['3', '7', 'room:1', 'phx_join', { meta: { a: 1 } }],
      { kind: 'join', ...about, payload: { meta: { a: 1 } } },
    ],
    [
      ['3', '7', 'room:1', 'phx_join', { a: 1, presence_since: { epoch: 'e', seq: 4 } }],
      { kind: 'join', ...about, payload: { a: 1 }, since: { epoch: 'e', seq: 4 } },
    ],
    [['3', '7', 'room:1', 'phx_join', null], { kind: 'join', ...about, payload: {} }],
    [['3', '7', 'room:1', 'phx_leave', {}], { kind: 'leave', ...about }],
    [['3', '7', 'room:1', 'presence_update', { meta: {} }], { kind: 'update', ...about, meta: {} }],
    [
      ['3', '7', 'room:1', 'presence_patch', { patch: { a: null } }],
      { kind: 'patch', ...about, patch: { a: null } },
    ],
    [['3', '7', 'room:1', 'presence_sync', {}], { kind: 'sync', ...about }],
    [
      ['3', '7', 'room:1', 'say', { text: 'hi' }],
      { kind: 'push', ...about, event: 'say', payload: { text: 'hi' } },
    ],
    [['3', '7', 'room:1', 'say', [1, 'two']], { kind: 'push', ...about, event: 'say', payload: [1, 'two'] }],
    [['3', '7', 'room:1', 'say', null], { kind: 'push', ...about, event: 'say', payload: null }],
    [['3', '7', 'room:1', 'say', 0], { kind: 'push', ...about, event: 'say', payload: 0 }],
    [['3', '7', 'room:1', 'constructor', {}], { kind: 'push', ...about, event: 'constructor', payload: {} }],
  ])('%j', (frame, message) => {
    expect(decode(frame)).toEqual({ ok: true, message })
  })
})

describe('[P-12] rollcall answers what it cannot read with what is wrong', () => {
  test.each<[string, unknown, string]>([
    ['an object', {}, 'invalid_message'],
    ['a string', 'hello', 'invalid_message'],
    ['null', null, 'invalid_message'],
    ['four fields', ['1', '1', 'room', 'say'], 'invalid_message'],
    ['six fields', ['1', '1', 'room', 'say', {}, 1], 'invalid_message'],
    ['no fields', [], 'invalid_message'],
    ['a ref that is an object', [null, {}, 'room', 'say', {}], 'invalid_message'],
    ['a ref that is true', [null, true, 'room', 'say', {}], 'invalid_message'],
    ['a join_ref that is an array', [[], '1', 'room', 'say', {}], 'invalid_message'],
    ['a topic that is a number', [null, '1', 5, 'say', {}], 'invalid_message'],
    ['a topic that is null', [null, '1', null, 'say', {}], 'invalid_message'],
    ['an empty topic', [null, '1', '', 'say', {}], 'invalid_message'],
    ['an event that is null', [null, '1', 'room', null, {}], 'invalid_message'],
    ['an empty event', [null, '1', 'room', '', {}], 'invalid_message'],
    ['a join with an array', [null, '1', 'room', 'phx_join', []], 'invalid_message'],
    ['a join with a string', [null, '1', 'room', 'phx_join', 'x'], 'invalid_message'],
    ['an update without meta', [null, '1', 'room', 'presence_update', {}], 'invalid_message'],
    [
      'an update whose meta is an array',
      [null, '1', 'room', 'presence_update', { meta: [] }],
      'invalid_message',
    ],
    ['an update whose payload is null', [null, '1', 'room', 'presence_update', null], 'invalid_message'],
    ['a patch without patch', [null, '1', 'room', 'presence_patch', { meta: {} }], 'invalid_message'],
    ['a patch that is a string', [null, '1', 'room', 'presence_patch', { patch: 'x' }], 'invalid_message'],
    ['a token that is a number', [null, '1', 'rollcall', 'hello', { token: 1 }], 'invalid_message'],
    [
      'a since without seq',
      [null, '1', 'room', 'phx_join', { presence_since: { epoch: 'e' } }],
      'invalid_message',
    ],
    [
      'a since before the beginning',
      [null, '1', 'room', 'phx_join', { presence_since: { epoch: 'e', seq: -1 } }],
      'invalid_message',
    ],
    ['an unknown event of the system topic', [null, '1', 'rollcall', 'fault', {}], 'unknown_event'],
    ['a join of the system topic', [null, '1', 'rollcall', 'phx_join', {}], 'unknown_event'],
    ['a forged state', [null, '1', 'room', 'presence_state', {}], 'reserved_event'],
    ['a forged diff', [null, '1', 'room', 'presence_diff', {}], 'reserved_event'],
    ['a forged reply', [null, '1', 'room', 'phx_reply', {}], 'reserved_event'],
    ['a topic that is too long', [null, '1', 't'.repeat(129), 'say', {}], 'limit_exceeded'],
    ['an event that is too long', [null, '1', 'room', 'é'.repeat(65), {}], 'limit_exceeded'],
  ])('%s', (_what, frame, code) => {
    const decoded = decode(frame)
    expect(decoded).toMatchObject({ ok: false, fault: { code } })
    expect((decoded as { fault: { message: string } }).fault.message).toMatch(/[.]$/)
  })

  test.each(['', 'hello', '{"a":', '[1,2', 'undefined', '\u0000', '{"a":1}x'])('%j is not JSON', (text) => {
    const decoded = rollcallDialect.decodeClient(text, context)
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'malformed_frame' }, replyTo: null })
  })

  test('a text that is not JSON is shown in part, however long it is', () => {
    const decoded = rollcallDialect.decodeClient('x'.repeat(60_000), context)
    if (decoded.ok) throw new Error('It should have been refused.')
    expect(decoded.fault.message.length).toBeLessThan(100)
  })

  test('bytes are answered with binary_unsupported', () => {
    const decoded = rollcallDialect.decodeClient(new Uint8Array([1, 2]), context)
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'binary_unsupported' }, replyTo: null })
  })

  test('[P-9] a frame that nests too deep is refused unparsed, with the limit', () => {
    const deep = (levels: number) =>
      `[null,"1","room","say",${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}]`
    expect(rollcallDialect.decodeClient(deep(32), context).ok).toBe(true)
    expect(rollcallDialect.decodeClient(deep(33), context)).toMatchObject({
      ok: false,
      fault: { code: 'limit_exceeded', limit: { name: 'jsonDepth', max: 32, actual: 33 } },
    })
  })
})

describe('[P-6] a hello says which session it was, and which program asks', () => {
  const hello = (payload: unknown) => decode([null, '1', 'rollcall', 'hello', payload])

  test('both, one, or neither', () => {
    const head = { kind: 'hello', ref: '1' }
    for (const some of [{ token: 's.t', instance: 'i' }, { token: 's.t' }, { instance: 'i' }, {}]) {
      expect(hello(some)).toEqual({ ok: true, message: { ...head, ...some } })
    }
    expect(hello(null)).toEqual({ ok: true, message: head })
  })

  test.each([{ token: 5 }, { token: null }, { instance: 5 }, { instance: {} }])(
    '%j is a fault',
    (payload) => {
      expect(hello(payload)).toMatchObject({ ok: false, fault: { code: 'invalid_message' } })
    },
  )
})

describe('[P-18] a refresh brings what a handshake would', () => {
  const refresh = (payload: unknown) => decode([null, '1', 'rollcall', 'refresh', payload])

  test('params and a token, either, or neither', () => {
    const head = { kind: 'refresh', ref: '1' }
    const params = new Map([['token', 'h.p.s']])
    expect(refresh({ params: { token: 'h.p.s' }, token: 'a.b.c' })).toEqual({
      ok: true,
      message: { ...head, params, token: 'a.b.c' },
    })
    expect(refresh({ params: { token: 'h.p.s' } })).toEqual({ ok: true, message: { ...head, params } })
    expect(refresh({ token: 'a.b.c' })).toEqual({
      ok: true,
      message: { ...head, params: new Map(), token: 'a.b.c' },
    })
  })

  test('[P-10] a param called like a property of all objects is a param', () => {
    const frame = '[null,"1","rollcall","refresh",{"params":{"__proto__":"x","constructor":"y"}}]'
    const decoded = rollcallDialect.decodeClient(frame, context)
    if (!decoded.ok || decoded.message.kind !== 'refresh') throw new Error('It should have been read.')
    expect([...decoded.message.params]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  test.each([
    { token: 5 },
    { token: null },
    { params: 'token=x' },
    { params: ['x'] },
    { params: { user_id: 7 } },
    { params: { user_id: null } },
    { params: { user_id: { id: 'ada' } } },
  ])('%j is a fault', (payload) => {
    expect(refresh(payload)).toMatchObject({
      ok: false,
      fault: { code: 'invalid_message' },
      replyTo: { ref: '1', topic: 'rollcall' },
    })
  })
})

describe('[P-7] who comes back says so', () => {
  const join = (payload: unknown) => decode(['3', '7', 'room:1', 'phx_join', payload])

  test('a join says where the map stands, and its payload is what the application meant', () => {
    expect(join({ meta: {}, presence_since: { epoch: 'e', seq: 0 } })).toMatchObject({
      message: { payload: { meta: {} }, since: { epoch: 'e', seq: 0 } },
    })
  })

  test('a join that comes back with no map says that, too', () => {
    const decoded = join({ meta: {}, presence_since: null })
    expect(decoded).toMatchObject({ message: { payload: { meta: {} }, since: null } })
    expect(join({ meta: {} })).not.toHaveProperty('message.since')
  })

  test.each([1.5, -1, 2 ** 53, '4', null, undefined])('a seq of %j is no position', (seq) => {
    expect(join({ presence_since: { epoch: 'e', seq } })).toMatchObject({
      ok: false,
      fault: { code: 'invalid_message' },
    })
  })
})

describe('[P-12] a refusal is addressed to the request, where that can be told', () => {
  test('by its ref, join_ref and topic', () => {
    expect(decode(['3', '7', 'room', 'presence_diff', {}])).toMatchObject({
      replyTo: { topic: 'room', ref: '7', joinRef: '3' },
    })
  })

  test('a number stays a number', () => {
    expect(decode([3, 7, 'room', '', {}])).toMatchObject({ replyTo: { ref: 7, joinRef: 3 } })
  })

  test('nobody asked without a ref', () => {
    expect(decode([null, null, 'room', '', {}])).toMatchObject({ replyTo: null })
  })

  test('by its topic even where that is too long: clients find by it whom an answer is for', () => {
    const topic = 't'.repeat(1000)
    expect(decode([null, '1', topic, 'say', {}])).toMatchObject({ replyTo: { topic } })
  })
})

describe('[P-12] rollcall reads a server’s frame, or says what is wrong with it', () => {
  const presence = { ref: 'r', key: 'k', meta: {}, rev: 0 }
  const state = { epoch: 'e', seq: 1, digest: 2, presences: [presence] }
  const diff = { epoch: 'e', base: 0, seq: 1, digest: 2, joins: [presence], updates: [], leaves: [] }
  const stateFrame = (body: unknown) => ['3', null, 'room', 'presence_state', body]
  const diffFrame = (body: unknown) => [null, null, 'room', 'presence_diff', body]

  test('a state and a diff', () => {
    expect(decodeServer(stateFrame(state))).toEqual({
      ok: true,
      value: { kind: 'state', topic: 'room', joinRef: '3', snapshot: state },
    })
    expect(decodeServer(diffFrame(diff))).toEqual({ ok: true, value: { kind: 'diff', topic: 'room', diff } })
  })

  test('fields that a newer server adds are passed over', () => {
    const newer = { ...state, more: 1, presences: [{ ...presence, more: 1 }] }
    expect(decodeServer(stateFrame(newer))).toMatchObject({ value: { snapshot: state } })
  })

  test('a leave with a reason that only a newer server knows is a leave', () => {
    const leaves = [{ ref: 'r', key: 'k', reason: 'abducted' }]
    expect(decodeServer(diffFrame({ ...diff, joins: [], leaves }))).toMatchObject({
      value: { diff: { leaves: [{ ref: 'r', key: 'k', reason: 'closed' }] } },
    })
  })

  test.each([
    ['a state without epoch', stateFrame({ ...state, epoch: undefined })],
    ['a state whose seq is a string', stateFrame({ ...state, seq: '1' })],
    ['a state without digest', stateFrame({ ...state, digest: undefined })],
    ['a state without presences', stateFrame({ ...state, presences: undefined })],
    ['a state that is an array', stateFrame([presence])],
    [
      'a state with one broken presence',
      stateFrame({ ...state, presences: [presence, { ...presence, ref: 1 }] }),
    ],
    ['a presence without meta', stateFrame({ ...state, presences: [{ ...presence, meta: undefined }] })],
    ['a presence whose meta is an array', stateFrame({ ...state, presences: [{ ...presence, meta: [] }] })],
    ['a presence without rev', stateFrame({ ...state, presences: [{ ...presence, rev: undefined }] })],
    ['a presence whose key is a number', stateFrame({ ...state, presences: [{ ...presence, key: 5 }] })],
    ['a presence that is null', stateFrame({ ...state, presences: [null] })],
    ['a diff without base', diffFrame({ ...diff, base: undefined })],
    ['a diff without seq', diffFrame({ ...diff, seq: undefined })],
    ['a diff without epoch', diffFrame({ ...diff, epoch: undefined })],
    ['a diff without digest', diffFrame({ ...diff, digest: undefined })],
    ['a diff without joins', diffFrame({ ...diff, joins: undefined })],
    ['a diff without updates', diffFrame({ ...diff, updates: undefined })],
    ['a diff without leaves', diffFrame({ ...diff, leaves: undefined })],
    ['an update without meta', diffFrame({ ...diff, updates: [{ ref: 'r', rev: 1 }] })],
    ['a leave without reason', diffFrame({ ...diff, leaves: [{ ref: 'r', key: 'k' }] })],
    ['a leave without key', diffFrame({ ...diff, leaves: [{ ref: 'r', reason: 'left' }] })],
    ['a topic that is null', [null, null, null, 'say', {}]],
    ['an event that is a number', [null, null, 'room', 1, {}]],
    ['a ref that is an array', [null, [], 'room', 'say', {}]],
    ['a join_ref that is an object', [{}, null, 'room', 'say', {}]],
    ['an object', { topic: 'room' }],
    ['four fields', [null, null, 'room', 'say']],
  ])('%s is a fault', (_what, frame) => {
    expect(decodeServer(frame)).toMatchObject({ ok: false, fault: { code: 'invalid_message' } })
  })

  test('an event of the topic rollcall called fault is a fault, and elsewhere an event', () => {
    const body = { reason: 'x', message: 'y' }
    expect(decodeServer([null, null, 'rollcall', 'fault', body])).toEqual({
      ok: true,
      value: { kind: 'fault', response: body },
    })
    expect(decodeServer([null, null, 'room', 'fault', body])).toMatchObject({ value: { kind: 'event' } })
  })

  test('a reply without a response has an empty one', () => {
    const value = { kind: 'reply', topic: 'room', ref: '1', joinRef: '1' }
    expect(decodeServer(['1', '1', 'room', 'phx_reply', { status: 'ok' }])).toEqual({
      ok: true,
      value: { ...value, status: 'ok', response: {} },
    })
    expect(decodeServer(['1', '1', 'room', 'phx_reply', {}])).toEqual({
      ok: true,
      value: { ...value, status: 'error', response: {} },
    })
  })
})

test('a native client cannot appear without a join', () => {
  const appear = { kind: 'appear', topic: 'room', key: 'ada' } as const
  expect(() => rollcallDialect.encodeClient(appear)).toThrow(TypeError)
})

test('a native client is not told that somebody connected', () => {
  expect(rollcallDialect.encodeServer({ kind: 'opened', topic: 'room' })).toEqual([])
})

import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import type { ClientMessage } from '../messages'
import { phoenixV2Dialect } from './phoenix-v2'
import { phoenixV2ClientDialect as dialect } from './phoenix-v2-client'

const decode = (frame: unknown) => dialect.decodeServer(JSON.stringify(frame))
const at = { topic: 'room:1', ref: '4', joinRef: '3' } as const

describe('a client of Phoenix says', () => {
  test.each<[ClientMessage, unknown]>([
    [{ kind: 'heartbeat', topic: 'phoenix', ref: '4' }, [null, '4', 'phoenix', 'heartbeat', {}]],
    [{ kind: 'join', ...at, payload: { a: 1 } }, ['3', '4', 'room:1', 'phx_join', { a: 1 }]],
    [
      { kind: 'join', ...at, payload: { a: 1 }, since: { epoch: 'e', seq: 1 } },
      ['3', '4', 'room:1', 'phx_join', { a: 1 }],
    ],
    [{ kind: 'join', ...at, payload: {}, since: null }, ['3', '4', 'room:1', 'phx_join', {}]],
    [{ kind: 'leave', ...at, joinRef: null }, [null, '4', 'room:1', 'phx_leave', {}]],
    [{ kind: 'push', ...at, event: 'say', payload: 'hi' }, ['3', '4', 'room:1', 'say', 'hi']],
  ])('%j', (message, frame) => {
    expect(JSON.parse(dialect.encodeClient(message) as string)).toEqual(frame)
  })

  test.each([
    ['\ud83d', '\ufffd'],
    ['a\udc00b\ud800', 'a\ufffdb\ufffd'],
    ['🙂', '🙂'],
    ['\\ud83d', '\\ud83d'],
    ['\\\ud83d\\\\ud83d\n"\udfff', '\\\ufffd\\\\ud83d\n"\ufffd'],
  ])('no half of a surrogate pair, which ends a connection there: %j', (body, sent) => {
    const frame = dialect.encodeClient({
      kind: 'push',
      ...at,
      event: 'say',
      payload: { body, [body]: 1 },
    }) as string
    expect(JSON.parse(frame)[4]).toEqual({ body: sent, [sent]: 1 })
  })

  test.each<ClientMessage>([
    { kind: 'hello', ref: '1' },
    { kind: 'goodbye', ref: '1' },
    { kind: 'refresh', ref: '1', params: new Map() },
    { kind: 'sync', ...at },
    { kind: 'update', ...at, meta: {} },
    { kind: 'patch', ...at, patch: {} },
  ])('nothing that Phoenix has no clause for: %j', (message) => {
    expect(() => dialect.encodeClient(message)).toThrow(TypeError)
  })
})

describe('of presence, a client of Phoenix reads', () => {
  test('[P-10] metas by key, whatever the key, without what is Phoenix’s own', () => {
    const text =
      '["3",null,"room:1","presence_state",{"__proto__":{"metas":[{"phx_ref":"a","n":1}],"user":{"x":1}}}]'
    expect(dialect.decodeServer(text)).toEqual({
      ok: true,
      value: {
        ...{ kind: 'metas_state', topic: 'room:1', joinRef: '3' },
        metas: [{ key: '__proto__', phxRef: 'a', phxRefPrev: null, meta: { n: 1 } }],
      },
    })
  })

  test('an update as a leave and a join that names it', () => {
    const joins = { ada: { metas: [{ phx_ref: 'b', phx_ref_prev: 'a', n: 2 }] } }
    const leaves = { ada: { metas: [{ phx_ref: 'a', n: 1 }] } }
    expect(decode([null, null, 'room:1', 'presence_diff', { joins, leaves }])).toMatchObject({
      value: {
        kind: 'metas_diff',
        joins: [{ key: 'ada', phxRef: 'b', phxRefPrev: 'a', meta: { n: 2 } }],
        leaves: [{ key: 'ada', phxRef: 'a', phxRefPrev: null, meta: { n: 1 } }],
      },
    })
  })

  test('a phx_ref that somebody forged as something else than text, without losing the rest of the frame', () => {
    const state = { mallory: { metas: [{ phx_ref: { x: 1 } }] }, ada: { metas: [{ phx_ref: 'a' }] } }
    expect(decode([null, null, 'room:1', 'presence_state', state])).toMatchObject({
      value: {
        metas: [
          { key: 'mallory', phxRef: '{"x":1}' },
          { key: 'ada', phxRef: 'a' },
        ],
      },
    })
  })

  test.each([
    ['presence_state', null],
    ['presence_state', []],
    ['presence_state', { ada: 1 }],
    ['presence_state', { ada: { metas: {} } }],
    ['presence_state', { ada: { metas: [1] } }],
    ['presence_diff', { joins: {} }],
    ['presence_diff', { joins: {}, leaves: { ada: [] } }],
  ])('[P-12] not a part of a frame that is nonsense elsewhere: %s %j', (event, payload) => {
    expect(decode([null, null, 'room:1', event, payload])).toMatchObject({
      ok: false,
      fault: { code: 'invalid_message' },
    })
  })
})

test.each([
  [{ status: 'error', response: 'no way' }, { reason: 'no way' }],
  [
    { status: 'error', response: { reason: 'nope', n: 1 } },
    { reason: 'nope', n: 1 },
  ],
  [{ status: 'error', response: [1] }, {}],
  [
    { status: 'ignored', response: { n: 1 } },
    { n: 1, reason: 'ignored' },
  ],
  [{ status: 'ignored', response: { reason: 'late' } }, { reason: 'late' }],
  [{ status: 'ignored' }, { reason: 'ignored' }],
  [{ status: 'error' }, {}],
])('the answer %j is an error with its reason', (payload, response) => {
  expect(decode(['3', '4', 'room:1', 'phx_reply', payload])).toEqual({
    ok: true,
    value: { kind: 'reply', ...at, status: 'error', response },
  })
})

test('a join that crashed is read as a channel that failed, a push that did as an error', () => {
  const payload = { status: 'error', response: { reason: 'join crashed' } }
  expect(decode(['1', '1', 'room:1', 'phx_reply', payload])).toMatchObject({
    value: { kind: 'channel_failed', joinRef: '1' },
  })
  expect(decode(['1', '2', 'room:1', 'phx_reply', payload])).toMatchObject({ value: { kind: 'reply' } })
})

describe('a push of bytes', () => {
  const push = { kind: 'push', topic: 'room:bin', ref: '2', joinRef: '1', event: 'new_msg' } as const
  const encode = (message: Partial<Extract<ClientMessage, { kind: 'push' }>>) =>
    dialect.encodeClient({ ...push, payload: Uint8Array.of(1, 2, 3, 255), ...message })
  const hex = (frame: unknown) => Buffer.from(frame as Uint8Array).toString('hex')

  test('is the recorded frame, byte for byte', () => {
    expect(hex(encode({}))).toBe('00010108073132726f6f6d3a62696e6e65775f6d7367010203ff')
  })

  test('has its lengths in bytes, no join_ref where there is none, and no payload where that is empty', () => {
    const frame = encode({ joinRef: null, topic: 'ü', event: '🙂', payload: new Uint8Array() })
    expect(hex(frame)).toBe('00000102043' + '2c3bcf09f9982')
  })

  test('of a part of a buffer is that part', () => {
    const payload = Uint8Array.of(9, 7, 8, 9).subarray(1, 3)
    expect(hex(encode({ payload })).slice(-6)).toBe('670708')
  })

  test('is what a server reads', () => {
    const context = { limits: DEFAULT_LIMITS, implicitTopic: '' }
    const message = { ...push, payload: Uint8Array.of(0, 255) }
    expect(phoenixV2Dialect.decodeClient(dialect.encodeClient(message), context)).toEqual({
      ok: true,
      message,
    })
  })

  test('takes texts of 255 bytes, and refuses longer ones with their name and size', () => {
    expect(hex(encode({ topic: `${'ü'.repeat(127)}x` })).slice(0, 10)).toBe('000101ff07')
    expect(() => encode({ topic: 'ü'.repeat(128) })).toThrow(/its topic has 256 bytes.*room for 255/)
    expect(() => encode({ event: 'e'.repeat(300) })).toThrow(/its event name has 300 bytes.*room for 255/)
  })
})

test('binary frames are those that a server writes', () => {
  const bytes = Uint8Array.of(1, 2, 255)
  const message = { kind: 'event', topic: 'room:1', joinRef: '3', event: 'blob', payload: bytes } as const
  const reply = { kind: 'reply', ...at, status: 'ok', response: bytes } as const
  for (const sent of [message, { ...message, joinRef: null }, reply]) {
    const [frame = ''] = phoenixV2Dialect.encodeServer(sent)
    expect(dialect.decodeServer(frame)).toEqual({ ok: true, value: sent })
  }
  for (const broken of [Uint8Array.of(), Uint8Array.of(3, 0), Uint8Array.of(1, 9, 9, 9, 9, 65)]) {
    expect(dialect.decodeServer(broken)).toMatchObject({ ok: false, fault: { code: 'malformed_frame' } })
  }
})

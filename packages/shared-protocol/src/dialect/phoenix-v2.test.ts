import { describe, expect, test } from 'vitest'
import { fault } from '../fault'
import { DEFAULT_LIMITS } from '../limits'
import type { ServerMessage } from '../messages'
import type { DecodeContext } from './dialect'
import { binaryFrameAsText } from './phoenix-binary'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'unused' }
const decode = (frame: unknown) => phoenixV2Dialect.decodeClient(JSON.stringify(frame), context)
const bytes = Uint8Array.of(1, 2, 3, 255)

/** A client's binary push, as phoenix.js writes one. */
function binaryPush(joinRef: string, ref: string, topic: string, event: string, payload = bytes): Uint8Array {
  const texts = [joinRef, ref, topic, event].map((text) => Buffer.from(text))
  return Buffer.concat([Buffer.from([0, ...texts.map(({ length }) => length)]), ...texts, payload])
}

describe('V2 reads what a client says', () => {
  test.each([
    [[null, '1', 'phoenix', 'heartbeat', {}], { kind: 'heartbeat', ref: '1', topic: 'phoenix' }],
    [
      ['3', '3', 'room:1', 'phx_join', { a: 1 }],
      { kind: 'join', topic: 'room:1', ref: '3', joinRef: '3', payload: { a: 1 } },
    ],
    [[7, 8, 'room:1', 'phx_leave', {}], { kind: 'leave', topic: 'room:1', ref: 8, joinRef: 7 }],
    [
      ['3', '4', 'room:1', 'presence_list', null],
      { kind: 'push', topic: 'room:1', ref: '4', joinRef: '3', event: 'presence_list', payload: null },
    ],
    [
      ['3', '4', 'room:1', 'say', 'hi', 'from a later version'],
      { kind: 'push', topic: 'room:1', ref: '4', joinRef: '3', event: 'say', payload: 'hi' },
    ],
    [
      ['3', '3', 'room:1', 'phx_join', { a: 1, presence_since: null }],
      { kind: 'join', topic: 'room:1', ref: '3', joinRef: '3', payload: { a: 1 } },
    ],
    [
      ['3', '3', 'room:1', 'phx_join', { a: 1, presence_since: { epoch: 'e', seq: 1 } }],
      { kind: 'join', topic: 'room:1', ref: '3', joinRef: '3', payload: { a: 1 } },
    ],
  ])('%j', (frame, message) => {
    expect(decode(frame)).toEqual({ ok: true, message })
  })

  test('a binary push, with a payload that is its own copy', () => {
    const frame = binaryPush('3', '4', 'room:ü🙂', 'bytes')
    const decoded = phoenixV2Dialect.decodeClient(frame, context)
    expect(decoded).toEqual({
      ok: true,
      message: { kind: 'push', topic: 'room:ü🙂', ref: '4', joinRef: '3', event: 'bytes', payload: bytes },
    })
    frame.fill(0)
    expect(decoded).toMatchObject({ message: { payload: bytes } })
  })

  test('a binary push without refs has none', () => {
    const decoded = phoenixV2Dialect.decodeClient(binaryPush('', '', 'room:1', 'bytes'), context)
    expect(decoded).toMatchObject({ ok: true, message: { ref: null, joinRef: null } })
  })
})

describe('[P-12] V2 answers what it cannot read with what is wrong', () => {
  test.each<[string, Uint8Array, string]>([
    ['no bytes', new Uint8Array(0), 'malformed_frame'],
    ['a kind that only servers send', Uint8Array.of(2, 1, 1, 65, 65), 'malformed_frame'],
    ['lengths beyond the end', Uint8Array.of(0, 1, 1, 255, 1, 65), 'malformed_frame'],
    ['a topic that is not UTF-8', binaryPush('1', '2', '\u0000', 'e').fill(0xff, 7, 8), 'malformed_frame'],
    ['an empty topic', binaryPush('1', '2', '', 'e'), 'invalid_message'],
    ['a topic that is too long', binaryPush('1', '2', 't'.repeat(129), 'e'), 'limit_exceeded'],
    ['a join', binaryPush('1', '1', 'room:1', 'phx_join'), 'invalid_message'],
    ['a forged diff', binaryPush('1', '2', 'room:1', 'presence_diff'), 'reserved_event'],
    ['an event of the topic phoenix', binaryPush('1', '2', 'phoenix', 'hello'), 'unmatched_topic'],
  ])('%s', (_what, frame, code) => {
    expect(phoenixV2Dialect.decodeClient(frame, context)).toMatchObject({ ok: false, fault: { code } })
  })

  test.each([
    ['an object', { topic: 'room:1' }, 'invalid_message'],
    ['four fields', ['1', '1', 'room:1', 'phx_join'], 'invalid_message'],
    ['a topic that is a number', ['1', '1', 5, 'phx_join', {}], 'invalid_message'],
    ['hello', [null, '1', 'phoenix', 'hello', {}], 'unmatched_topic'],
  ])('%s', (_what, frame, code) => {
    expect(decode(frame)).toMatchObject({ ok: false, fault: { code } })
  })

  test('with the ref of the request, where it had one', () => {
    expect(decode([null, 9, 'phoenix', 'hello', {}])).toMatchObject({
      replyTo: { topic: 'phoenix', ref: 9, joinRef: null },
    })
    expect(decode([null, null, 'phoenix', 'hello', {}])).toMatchObject({ replyTo: null })
    expect(decode([null, {}, 'phoenix', 'hello', {}])).toMatchObject({ replyTo: null })
  })
})

describe('what Phoenix calls "unmatched topic"', () => {
  const reply = (code: 'unmatched_topic' | 'not_joined' | 'throttled'): ServerMessage => ({
    ...{ kind: 'reply', topic: 'room:1', ref: '4', joinRef: '3', status: 'error' },
    fault: fault(code, 'A sentence.'),
  })

  test.each(['unmatched_topic', 'not_joined'] as const)('%s', (code) => {
    const response = { reason: 'unmatched topic', message: 'A sentence.' }
    const payload = { status: 'error', response }
    // Who has no channel has no join that could be named; one whose join is over is told which.
    const joinRef = code === 'unmatched_topic' ? null : '3'
    const [v2] = phoenixV2Dialect.encodeServer(reply(code))
    expect(JSON.parse(v2 as string)).toEqual([joinRef, '4', 'room:1', 'phx_reply', payload])
    const [v1] = phoenixV1Dialect.encodeServer(reply(code))
    expect(JSON.parse(v1 as string)).toEqual({ topic: 'room:1', event: 'phx_reply', payload, ref: '4' })
  })

  test('any other code is itself', () => {
    const [frame] = phoenixV2Dialect.encodeServer(reply('throttled'))
    expect(frame).toContain('"reason":"throttled"')
  })
})

describe('bytes', () => {
  const room = { topic: 'room:bin', joinRef: '1' } as const
  const hex = (frame: unknown) => Buffer.from(frame as Uint8Array).toString('hex')
  const texts: ServerMessage[] = [
    { kind: 'event', ...room, joinRef: null, event: 'new_msg', payload: bytes },
    { kind: 'event', ...room, event: 'new_msg', payload: bytes },
    { kind: 'reply', ...room, ref: '3', status: 'ok', response: bytes },
    { kind: 'reply', ...room, ref: null, joinRef: 12, status: 'ok', response: bytes },
  ]

  test.each([
    ['a broadcast', texts[0]!, '020807726f6f6d3a62696e6e65775f6d7367010203ff'],
    ['a push', texts[1]!, '0001080731726f6f6d3a62696e6e65775f6d7367010203ff'],
    ['a reply', texts[2]!, '01010108023133726f6f6d3a62696e6f6b010203ff'],
    ['a reply to a numeric join', texts[3]!, '01020008023132726f6f6d3a62696e6f6b010203ff'],
  ])('%s, byte for byte', (_what, message, expected) => {
    expect(phoenixV2Dialect.encodeServer(message).map(hex)).toEqual([expected])
  })

  test('are {base64} in V1, and where a text is longer than a binary frame can say', () => {
    const [v1] = phoenixV1Dialect.encodeServer(texts[0]!)
    expect(JSON.parse(v1 as string).payload).toEqual({ base64: 'AQID/w==' })
    const topic = `room:${'x'.repeat(300)}`
    const [long] = phoenixV2Dialect.encodeServer({ ...texts[0]!, topic } as ServerMessage)
    expect(JSON.parse(long as string)).toEqual([null, null, topic, 'new_msg', { base64: 'AQID/w==' }])
  })

  test('a binary frame can be said as text, for a transport that carries nothing else', () => {
    const said = texts.map((message) => {
      const [frame] = phoenixV2Dialect.encodeServer(message)
      return JSON.parse(binaryFrameAsText(frame as Uint8Array))
    })
    const base64 = { base64: 'AQID/w==' }
    expect(said).toEqual([
      [null, null, 'room:bin', 'new_msg', base64],
      ['1', null, 'room:bin', 'new_msg', base64],
      ['1', '3', 'room:bin', 'phx_reply', { status: 'ok', response: base64 }],
      ['12', null, 'room:bin', 'phx_reply', { status: 'ok', response: base64 }],
    ])
    expect(() => binaryFrameAsText(Uint8Array.of(2, 9))).toThrow('shorter')
  })
})

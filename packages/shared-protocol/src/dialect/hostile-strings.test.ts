// Each hostile string, in each position of each dialect: taken as it is, or refused with the code that says why.
// Nothing in between, such as a string that was cut or cleaned.

// Vitest's own equality takes a field called `constructor` for the object's type.
import { deepStrictEqual } from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import { utf8Bytes } from '../utf8'
import type { DecodedClientMessage, Dialect, Frame } from './dialect'
import { writeBinaryPush } from './phoenix-binary'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'
import { rollcallDialect } from './rollcall'
import { vixDialect } from './vix'
import { zzzDialect } from './zzz'

/** No name may be one of these. */
const notNames = [
  ...['\u0000', 'a\nb', '\r\nSet-Cookie: a=b', '\u001b[2J', 'a\tb', '\u007f', '\u0085', '\u009b31m'],
  ...['a\u2028b', 'a\u2029b', '\u202egpj.exe', 'x\u2066y', '\u200fx', 'a\u061cb', '\ufeffx'],
  ...['\ud83d', 'x\udc00', '\ude00\ud83d', '😀\ud800'],
  ...['\u200b', 'ada\u200b', '\u3164', 'a\u00adda', 'ada\u{e0061}', 'ada\u200d', ' ', '\u3000', '\u2800'],
  ...[' ada', 'ada ', 'ada  lovelace', 'ada\u00a0lovelace', 'ada\u2800'],
]
/** These are names like any other. */
const names = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
    'then',
    'length',
  ],
  ...['null', 'undefined', 'NaN', '1e400', '-0', 'true', '[]', '{"topic":"x"}', '"', '\\', '\\u0000', '%00'],
  ...[
    '<script>alert(1)</script>',
    "'; DROP TABLE users; --",
    '$(id)',
    '{{7*7}}',
    '../../etc/passwd',
    '*',
    'ada lovelace',
  ],
  ...['Zoe\u0308', 'سارة', 'می\u200cخواهم', '王小明', '👩🏽\u200d🚀', '\u{10ffff}', '\uffff', '❤\ufe0f'],
  ...['k'.repeat(64), 'k'.repeat(65), '😀'.repeat(17), 'k'.repeat(128), 'k'.repeat(129), 'k'.repeat(9000)],
]

type Rule = 'name' | 'text' | 'any'

interface Position {
  readonly is: string
  /** The frame with the text there. */
  readonly frame: (text: string) => Frame
  /** A name must be clean, a text fit its limit, and anything goes where the application alone reads it. */
  readonly rule: Rule
  readonly maxBytes: number
  /** What the decoder made of it. */
  readonly read: (message: never) => unknown
}

type Envelope = readonly [joinRef: unknown, ref: unknown, topic: unknown, event: unknown, payload: unknown]
type Write = (...envelope: Envelope) => Frame

const { topicBytes, eventBytes, keyBytes, refBytes, tokenBytes, frameBytes } = DEFAULT_LIMITS
const [topic, ref] = ['room:lobby', '7']

/** An object with a field of this name, which `{[name]: …}` makes of `__proto__`, too. */
const withField = (name: string, value: unknown) => Object.fromEntries([[name, value]])

function inEnvelopes(write: Write): Position[] {
  const anywhere = { rule: 'any', maxBytes: frameBytes } as const
  return [
    {
      is: 'topic',
      frame: (text) => write(null, ref, text, 'say', {}),
      rule: 'name',
      maxBytes: topicBytes,
      read: (message: { topic: string }) => message.topic,
    },
    {
      is: 'topic of a join',
      frame: (text) => write(ref, ref, text, 'phx_join', {}),
      rule: 'name',
      maxBytes: topicBytes,
      read: (message: { topic: string }) => message.topic,
    },
    {
      is: 'event',
      frame: (text) => write(null, ref, topic, text, {}),
      rule: 'name',
      maxBytes: eventBytes,
      read: (message: { event: string }) => message.event,
    },
    {
      is: 'ref',
      frame: (text) => write(null, text, topic, 'say', {}),
      rule: 'text',
      maxBytes: refBytes,
      read: (message: { ref: string }) => message.ref,
    },
    {
      is: 'join_ref',
      frame: (text) => write(text, ref, topic, 'say', {}),
      rule: 'text',
      maxBytes: refBytes,
      read: (message: { joinRef: string }) => message.joinRef,
    },
    {
      is: 'payload',
      frame: (text) => write(null, ref, topic, 'say', text),
      ...anywhere,
      read: (message: { payload: unknown }) => message.payload,
    },
    {
      is: 'name of a field of a payload',
      frame: (text) => write(null, ref, topic, 'say', withField(text, 1)),
      ...anywhere,
      read: (message: { payload: object }) => only(Object.keys(message.payload)),
    },
    {
      is: 'meta of a join',
      frame: (text) => write(ref, ref, topic, 'phx_join', { meta: { a: [text] } }),
      ...anywhere,
      read: (message: { payload: { meta: { a: unknown[] } } }) => message.payload.meta.a[0],
    },
    {
      is: 'name of a field of a meta',
      frame: (text) => write(null, ref, topic, 'presence_update', { meta: withField(text, 1) }),
      ...anywhere,
      read: (message: { meta: object }) => only(Object.keys(message.meta)),
    },
    {
      is: 'name of a field of a patch',
      frame: (text) => write(null, ref, topic, 'presence_patch', { patch: withField(text, null) }),
      ...anywhere,
      read: (message: { patch: object }) => only(Object.keys(message.patch)),
    },
  ]
}

const array: Write = (...envelope) => JSON.stringify(envelope)
const object: Write = (join_ref, ref, topic, event, payload) =>
  JSON.stringify({ topic, event, payload, ref, join_ref })
const binary: Write = (joinRef, ref, topic, event) =>
  writeBinaryPush(
    { joinRef: String(joinRef ?? ''), ref: String(ref), topic: String(topic), event: String(event) },
    Uint8Array.of(1),
  )

const ofSessions: Position[] = [
  {
    is: 'token of a hello',
    frame: (text) => array(null, ref, 'rollcall', 'hello', { token: text }),
    rule: 'text',
    maxBytes: tokenBytes,
    read: (message: { token: string }) => message.token,
  },
  {
    is: 'instance of a hello',
    frame: (text) => array(null, ref, 'rollcall', 'hello', { instance: text }),
    rule: 'text',
    maxBytes: refBytes,
    read: (message: { instance: string }) => message.instance,
  },
  {
    is: 'token of a refresh',
    frame: (text) => array(null, ref, 'rollcall', 'refresh', { token: text }),
    rule: 'text',
    maxBytes: tokenBytes,
    read: (message: { token: string }) => message.token,
  },
  {
    is: 'connect param of a refresh',
    frame: (text) => array(null, ref, 'rollcall', 'refresh', { params: withField(text, text) }),
    rule: 'any',
    maxBytes: frameBytes,
    read: (message: { params: Map<string, string> }) => only([...message.params.keys()]),
  },
  {
    is: 'epoch of a join',
    frame: (text) => array(ref, ref, topic, 'phx_join', { presence_since: { epoch: text, seq: 1 } }),
    rule: 'any',
    maxBytes: frameBytes,
    read: (message: { since: { epoch: string } }) => message.since.epoch,
  },
]

const ofVix: Position[] = [
  {
    is: 'type',
    frame: (text) => JSON.stringify({ type: text, payload: {} }),
    rule: 'name',
    maxBytes: eventBytes,
    read: (message: { event: string }) => message.event,
  },
  {
    is: 'user who comes',
    frame: (text) => JSON.stringify({ type: 'presence.join', payload: { user: text } }),
    rule: 'name',
    maxBytes: keyBytes,
    read: (message: { key: string }) => message.key,
  },
  {
    is: 'user who goes',
    frame: (text) => JSON.stringify({ type: 'presence.leave', payload: { user: text } }),
    rule: 'name',
    maxBytes: keyBytes,
    read: (message: { key: string }) => message.key,
  },
  {
    is: 'payload',
    frame: (text) => JSON.stringify({ type: 'say', payload: withField(text, 1) }),
    rule: 'any',
    maxBytes: frameBytes,
    read: (message: { payload: object }) => only(Object.keys(message.payload)),
  },
]

const dialects: readonly (readonly [Dialect, readonly Position[]])[] = [
  [rollcallDialect, [...inEnvelopes(array), ...ofSessions]],
  [phoenixV2Dialect, inEnvelopes(array)],
  [phoenixV1Dialect, inEnvelopes(object)],
  [zzzDialect, inEnvelopes(object)],
  [vixDialect, ofVix],
]

const decode = (dialect: Dialect, frame: Frame): DecodedClientMessage =>
  dialect.decodeClient(frame, { limits: DEFAULT_LIMITS, implicitTopic: topic })

function only<T>(items: readonly T[]): T | undefined {
  expect(items).toHaveLength(1)
  return items[0]
}

function expectTaken(decoded: DecodedClientMessage, { read }: Position, text: string): void {
  if (!decoded.ok) return expect.fail(`${JSON.stringify(text)}: ${decoded.fault.message}`)
  deepStrictEqual(read(decoded.message as never), text)
}

function expectRefused(decoded: DecodedClientMessage, code: string, text: string): void {
  if (decoded.ok) return expect.fail(`${JSON.stringify(text)} was taken`)
  expect(decoded.fault.code, JSON.stringify(text)).toBe(code)
}

describe.each(dialects.map(([dialect, positions]) => ({ name: dialect.name, dialect, positions })))(
  '[P-10, P-19] hostile strings in the $name dialect',
  ({ dialect, positions }) => {
    test.each(positions)('as the $is', (position) => {
      for (const text of names) {
        const decoded = decode(dialect, position.frame(text))
        if (utf8Bytes(text) > position.maxBytes) expectRefused(decoded, 'limit_exceeded', text)
        else expectTaken(decoded, position, text)
      }
      for (const text of notNames) {
        const decoded = decode(dialect, position.frame(text))
        if (position.rule === 'name') expectRefused(decoded, 'invalid_text', text)
        else expectTaken(decoded, position, text)
      }
    })

    test('as one more field of the frame', () => {
      for (const text of [...names, ...notNames]) {
        const whole = JSON.parse(String((positions[0] as Position).frame('fine')))
        if (Array.isArray(whole)) return
        const decoded = decode(
          dialect,
          JSON.stringify({ ...withField(text, { topic: 'x', type: 'x' }), ...whole }),
        )
        expectTaken(decoded, positions[0] as Position, 'fine')
      }
    })
  },
)

describe('[P-10, P-19] hostile strings in a binary frame', () => {
  // A length there is one byte.
  const short = (text: string) => utf8Bytes(text) < 256
  // What is no text is replaced by who writes it: no half of a surrogate pair comes so far.
  const isWhole = (text: string) => !/\p{Cs}/u.test(text)

  test.each(inEnvelopes(binary).slice(0, 5))('as the $is', (position) => {
    for (const text of names.filter(short)) {
      const decoded = decode(phoenixV2Dialect, position.frame(text))
      // A join in a binary frame is none, as its payload is no object.
      if (position.is === 'topic of a join') expect(decoded.ok).toBe(false)
      else if (utf8Bytes(text) > position.maxBytes) expectRefused(decoded, 'limit_exceeded', text)
      else expectTaken(decoded, position, text)
    }
    for (const text of notNames.filter(isWhole)) {
      const decoded = decode(phoenixV2Dialect, position.frame(text))
      if (position.rule === 'name') expectRefused(decoded, 'invalid_text', text)
      else expectTaken(decoded, position, text)
    }
  })
})

describe('[P-12] the answer to a frame with a hostile name finds who sent it', () => {
  test('has its ref and topic, as they came', () => {
    const decoded = decode(rollcallDialect, array('1', 2, 'a\u202eb', 'say', {}))
    expect(decoded).toMatchObject({ ok: false, replyTo: { joinRef: '1', ref: 2, topic: 'a\u202eb' } })
  })

  test('has no ref that is too long, and goes without one to whom sent nothing else', () => {
    const long = 'r'.repeat(65)
    expect(decode(rollcallDialect, array('1', long, topic, 'say', {}))).toMatchObject({
      fault: { limit: { name: 'refBytes', max: 64, actual: 65 } },
      replyTo: null,
    })
    expect(decode(rollcallDialect, array(long, '2', topic, 'say', {}))).toMatchObject({
      fault: { limit: { name: 'refBytes', max: 64, actual: 65 } },
      replyTo: { joinRef: null, ref: '2', topic },
    })
  })
})

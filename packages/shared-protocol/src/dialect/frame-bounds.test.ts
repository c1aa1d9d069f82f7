import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import type { Dialect, Frame } from './dialect'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'
import { phoenixV2ClientDialect } from './phoenix-v2-client'
import { rollcallDialect } from './rollcall'
import { vixDialect } from './vix'
import { zzzDialect } from './zzz'

const dialects: readonly Dialect[] = [
  rollcallDialect,
  phoenixV2Dialect,
  phoenixV1Dialect,
  zzzDialect,
  vixDialect,
]
const decode = (dialect: Dialect, frame: Frame) =>
  dialect.decodeClient(frame, { limits: DEFAULT_LIMITS, implicitTopic: 'room:x' })

describe('[P-20] what every dialect holds a frame to', () => {
  const withPayload: Record<string, (payload: string) => string> = {
    rollcall: (payload) => `[null,"1","room:x","say",${payload}]`,
    'phoenix-v2': (payload) => `[null,"1","room:x","say",${payload}]`,
    'phoenix-v1': (payload) => `{"topic":"room:x","event":"say","payload":${payload},"ref":"1"}`,
    zzz: (payload) => `{"topic":"room:x","event":"say","payload":${payload},"ref":"1"}`,
    vix: (payload) => `{"type":"say","payload":${payload}}`,
  }

  describe.each(dialects)('$name', (dialect) => {
    const say = (payload: string) => decode(dialect, withPayload[dialect.name]?.(payload) ?? '')

    test.each([
      ['a number that no double holds', '{"a":[1e400]}', 'invalid_message'],
      ['one of 400 digits', '9'.repeat(400), 'invalid_message'],
      ['32 arrays in one another', '['.repeat(32) + ']'.repeat(32), 'limit_exceeded'],
      [
        '2048 fields',
        JSON.stringify(Object.fromEntries(new Array(2048).fill(0).entries())),
        'limit_exceeded',
      ],
      ['a payload that does not end', '{"a":[', 'malformed_frame'],
      ['a byte order mark', '\ufeff1', 'malformed_frame'],
      ['a line break in a string', '"a\nb"', 'malformed_frame'],
    ])('%s is refused', (_what, payload, code) => {
      expect(say(payload)).toMatchObject({ ok: false, fault: { code } })
    })

    test('31 arrays in one another are taken', () => {
      expect(say('['.repeat(31) + ']'.repeat(31)).ok).toBe(true)
    })

    test('of a key that comes twice, the last one is meant', () => {
      const decoded = say('{"a":1,"__proto__":1,"a":2,"__proto__":{"b":3},"a":3}')
      if (!decoded.ok || decoded.message.kind !== 'push') return expect.fail('it was not taken')
      expect(JSON.stringify(decoded.message.payload)).toBe('{"a":3,"__proto__":{"b":3}}')
      expect(Object.getPrototypeOf(decoded.message.payload)).toBe(Object.prototype)
    })

    test('half of a surrogate pair in a payload is written again as its escape', () => {
      const decoded = say('{"\\ud83d":"\\udc00"}')
      if (!decoded.ok || decoded.message.kind !== 'push') return expect.fail('it was not taken')
      const { payload } = decoded.message
      expect(
        dialect.encodeServer({ kind: 'event', topic: 'room:x', joinRef: null, event: 'say', payload }),
      ).toEqual([expect.stringContaining('{"\\ud83d":"\\udc00"}')])
    })
  })

  test('of a field of the envelope that comes twice, too', () => {
    const decoded = decode(zzzDialect, '{"topic":"a","topic":"b","event":"say","ref":"1","ref":"2"}')
    expect(decoded).toMatchObject({ ok: true, message: { topic: 'b', ref: '2' } })
  })
})

describe('[P-20] what a client is sent it takes: none of these bounds is its business', () => {
  const event = (payload: string) => `[null,null,"room:x","say",${payload}]`

  test.each([
    ['a number of Elixir, of 400 digits', '9'.repeat(400)],
    ['five thousand values', JSON.stringify(new Array(5000).fill(0))],
    ['a hundred arrays in one another', '['.repeat(100) + ']'.repeat(100)],
    ['a field with half of a surrogate pair', '{"\\ud83d":1}'],
  ])('%s', (_what, payload) => {
    for (const dialect of [rollcallDialect, phoenixV2ClientDialect]) {
      expect(dialect.decodeServer(event(payload))).toMatchObject({ ok: true, value: { kind: 'event' } })
    }
  })

  test('a topic and a key that no server of ours would have', () => {
    const state = JSON.stringify([
      null,
      null,
      'room:\n',
      'presence_state',
      { '\u202eada': { metas: [{ phx_ref: 'a' }] } },
    ])
    expect(phoenixV2ClientDialect.decodeServer(state)).toMatchObject({
      ok: true,
      value: { topic: 'room:\n', metas: [{ key: '\u202eada' }] },
    })
  })

  test('but not what nests so deep that a program could not walk it', () => {
    const deep = event('['.repeat(300) + ']'.repeat(300))
    for (const dialect of [rollcallDialect, phoenixV2ClientDialect]) {
      expect(dialect.decodeServer(deep)).toMatchObject({ ok: false, fault: { code: 'limit_exceeded' } })
    }
  })
})

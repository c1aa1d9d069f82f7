import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkName } from '../check-name'
import { checkBytes } from '../fault'
import { DEFAULT_LIMITS } from '../limits'
import type { Dialect, Frame } from './dialect'
import { PHX, PRESENCE } from './event-names'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'
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
const context = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }
/** Stands for what a message has none of. */
const names = { topic: '', event: '', key: '', ref: null, joinRef: null }

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const word = fc.constantFrom<string>(
  ...Object.values(PHX),
  ...Object.values(PRESENCE),
  ...[
    'hello',
    'goodbye',
    'presence.join',
    'presence.leave',
    'presence.list',
    'rollcall',
    'phoenix',
    'room:1',
  ],
  ...['constructor', '__proto__', ''],
)
const name = fc.constantFrom(
  ...[
    'topic',
    'event',
    'payload',
    'ref',
    'join_ref',
    'type',
    'user',
    'meta',
    'patch',
    'token',
    'presence_since',
  ],
  ...['epoch', 'base', 'seq', 'digest', 'presences', 'joins', 'updates', 'leaves', 'key', 'rev', 'reason'],
  ...['status', 'response', '__proto__', 'constructor'],
)

/** JSON that looks like a frame from afar: the right words in the wrong places. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.oneof(word, fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53), anyText),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
}))
const hostile = fc.constantFrom('a\nb', '\u202eadmin', '\ud83d', 'x'.repeat(65), 'x'.repeat(200))
const title = fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: hostile })
const likelyRef = fc.oneof(value, hostile, fc.constantFrom(null, '1'))
const likelyPayload = fc.oneof(value, fc.record({ user: hostile }, { noNullPrototype: true }))
const likelyArray = fc.tuple(likelyRef, likelyRef, title, title, value)
const likelyObject = fc
  .tuple(likelyRef, likelyRef, title, title, likelyPayload, title)
  .map(([join_ref, ref, topic, event, payload, type]) => ({ join_ref, ref, topic, event, payload, type }))

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.oneof(value, likelyArray, likelyObject).map((one) => JSON.stringify(one)),
  anyText,
  fc.uint8Array({ maxLength: 40 }),
  // Bytes that begin like a binary frame of Phoenix: a kind and small lengths.
  fc
    .tuple(fc.nat(3), fc.uint8Array({ max: 6, minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 40 }))
    .map(([kind, lengths, rest]) => Uint8Array.of(kind, ...lengths, ...rest)),
  // A frame that was cut off, or has something behind it.
  fc.tuple(likelyArray, fc.nat(60)).map(([one, at]) => JSON.stringify(one).slice(0, at)),
)

describe('[P-12] no frame whatever makes a decoder throw', () => {
  test.each(dialects)('$name: a message or a fault with a sentence', (dialect) => {
    fc.assert(
      fc.property(frame, (one) => {
        const decoded = dialect.decodeClient(one, context)
        if (decoded.ok) expect(decoded.message.kind).toBeTypeOf('string')
        else expect(decoded.fault.message).toMatch(/\.$/)
      }),
      { numRuns: 1000 },
    )
  })

  test.each(dialects)(
    '[P-19, P-20] $name: what is taken has clean names, and is no longer than the limits',
    (dialect) => {
      const { limits } = context
      fc.assert(
        fc.property(frame, (one) => {
          const decoded = dialect.decodeClient(one, context)
          if (!decoded.ok) return
          const { topic, event, key, ref, joinRef } = { ...names, ...decoded.message }
          expect(checkName('The topic', topic, 'topicBytes', limits)).toBeNull()
          expect(checkName('The event', event, 'eventBytes', limits)).toBeNull()
          expect(checkName('The key', key, 'keyBytes', limits)).toBeNull()
          for (const each of [ref, joinRef]) {
            if (typeof each === 'number') expect(each).toSatisfy(Number.isFinite)
            else expect(checkBytes('The ref', each ?? '', 'refBytes', limits)).toBeNull()
          }
        }),
        { numRuns: 1000 },
      )
    },
  )

  test('a client’s: whatever a server sends', () => {
    fc.assert(
      fc.property(frame, (one) => {
        const decoded = rollcallDialect.decodeServer(one)
        if (decoded.ok) expect(decoded.value.kind).toBeTypeOf('string')
        else expect(decoded.fault.message).toMatch(/\.$/)
      }),
      { numRuns: 1000 },
    )
  })
})

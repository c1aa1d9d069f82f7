// Vitest's own equality takes a field called `constructor` for the object's type.
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from '../check-name'
import { faultBody } from '../fault'
import type { JsonObject, JsonValue } from '../json'
import { DEFAULT_LIMITS } from '../limits'
import type { ClientMessage, ReceivedMessage, ServerMessage } from '../messages'
import { LEAVE_REASONS } from '../presence/presence'
import { rollcallDialect } from './rollcall'

const limits = { ...DEFAULT_LIMITS, topicBytes: 1e6, eventBytes: 1e6, refBytes: 1e6 }
const context = { limits, implicitTopic: 'unused' }

/** A record as JSON.parse makes it: with a prototype. */
const record = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true })

const text = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', '', '👩‍👧', '\u0000', '"', '\ud83d', 'k'.repeat(5000)),
  fc.string({ unit: 'binary' }),
)
// What a name may be; refs, tokens, payloads and metas may be anything.
const named = text.filter((name) => name !== '' && !checkName('The name', name, 'topicBytes', limits))
const name = named.filter((one) => one !== 'rollcall')
const ref = fc.oneof(fc.constant(null), fc.nat(), text)
const count = fc.nat()
const leaf: fc.Arbitrary<JsonValue> = fc.oneof(text, count, fc.boolean(), fc.constant(null))
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('json'), { maxLength: 3 }),
    // From entries, so that a field called __proto__ is one.
    fc
      .array(fc.tuple(text, tie('json')), { maxLength: 3 })
      .map((all) => Object.fromEntries(all) as JsonObject),
  ),
}))
const object = fc
  .array(fc.tuple(text, json), { maxLength: 4 })
  .map((all) => Object.fromEntries(all) as JsonObject)
const position = record({ epoch: text, seq: count })
const about = { topic: name, ref, joinRef: ref }
const presence = record({ ref: text, key: text, meta: object, rev: count })

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  record({ kind: fc.constant('heartbeat' as const), ref, topic: fc.constant('rollcall') }),
  fc.record(
    { kind: fc.constant('hello' as const), ref, token: text },
    { requiredKeys: ['kind', 'ref'], noNullPrototype: true },
  ),
  record({ kind: fc.constant('goodbye' as const), ref }),
  fc.record(
    {
      kind: fc.constant('refresh' as const),
      ref,
      params: fc.array(fc.tuple(text, text), { maxLength: 3 }).map((all) => new Map(all)),
      token: text,
    },
    { requiredKeys: ['kind', 'ref', 'params'], noNullPrototype: true },
  ),
  fc.record(
    { kind: fc.constant('join' as const), ...about, payload: object, since: fc.option(position) },
    { requiredKeys: ['kind', 'topic', 'ref', 'joinRef', 'payload'], noNullPrototype: true },
  ),
  record({ kind: fc.constant('leave' as const), ...about }),
  record({ kind: fc.constant('push' as const), ...about, event: named, payload: json }),
  record({ kind: fc.constant('update' as const), ...about, meta: object }),
  record({ kind: fc.constant('patch' as const), ...about, patch: object }),
  record({ kind: fc.constant('sync' as const), ...about }),
)

test('[P-13] what a native client encodes, a server reads: every message, whatever is in it', () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      const frame = rollcallDialect.encodeClient(message)
      deepStrictEqual(rollcallDialect.decodeClient(frame, context), { ok: true, message })
    }),
    { numRuns: 500 },
  )
})

const fault = record({ code: fc.constantFrom('refused', 'throttled'), message: text, retryAfterMs: count })
const leave = record({ ref: text, key: text, reason: fc.constantFrom(...LEAVE_REASONS), presence })
const update = record({ ref: text, key: text, rev: count, meta: object, previous: presence })

/** A message of the server, with what a client must read of it. */
const serverMessage: fc.Arbitrary<[ServerMessage, ReceivedMessage]> = fc.oneof(
  record({
    kind: fc.constant('reply' as const),
    ...about,
    status: fc.constant('ok' as const),
    response: object,
  }).map((message): [ServerMessage, ReceivedMessage] => [message, message]),
  record({ kind: fc.constant('reply' as const), ...about, status: fc.constant('error' as const), fault }).map(
    ({ fault: problem, ...head }): [ServerMessage, ReceivedMessage] => {
      const wire = { ...problem, code: problem.code as 'refused' }
      return [
        { ...head, fault: wire },
        { ...head, response: faultBody(wire) },
      ]
    },
  ),
  record({ kind: fc.constant('event' as const), topic: name, joinRef: ref, event: named, payload: json }).map(
    (message): [ServerMessage, ReceivedMessage] => [message, message],
  ),
  record({
    kind: fc.constant('state' as const),
    topic: name,
    joinRef: ref,
    snapshot: record({
      epoch: text,
      seq: count,
      digest: count,
      presences: fc.array(presence, { maxLength: 3 }),
    }),
  }).map((message): [ServerMessage, ReceivedMessage] => [message, message]),
  record({
    epoch: text,
    base: count,
    seq: count,
    digest: count,
    joins: fc.array(presence, { maxLength: 3 }),
    updates: fc.array(update, { maxLength: 3 }),
    leaves: fc.array(leave, { maxLength: 3 }),
    appeared: fc.array(text, { maxLength: 2 }),
    disappeared: fc.array(text, { maxLength: 2 }),
  }).map((diff): [ServerMessage, ReceivedMessage] => {
    const { appeared: _appeared, disappeared: _disappeared, ...told } = diff
    const updates = diff.updates.map(({ ref, rev, meta }) => ({ ref, rev, meta }))
    const leaves = diff.leaves.map(({ ref, key, reason }) => ({ ref, key, reason }))
    const head = { kind: 'diff', topic: 'room' } as const
    return [
      { ...head, diff },
      { ...head, diff: { ...told, updates, leaves } },
    ]
  }),
)

test('[P-13] what a server encodes, a native client reads: presences and all, and nothing that the server keeps', () => {
  fc.assert(
    fc.property(serverMessage, ([sent, received]) => {
      const frames = rollcallDialect.encodeServer(sent)
      expect(frames).toHaveLength(1)
      deepStrictEqual(rollcallDialect.decodeServer(frames[0]!), { ok: true, value: received })
    }),
    { numRuns: 500 },
  )
})

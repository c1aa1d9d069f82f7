import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { DecodeContext, Dialect } from './dialect/dialect'
import { phoenixV1Dialect } from './dialect/phoenix-v1'
import { phoenixV2Dialect } from './dialect/phoenix-v2'
import { rollcallDialect } from './dialect/rollcall'
import { SUBPROTOCOL, WIRE_REVISION } from './dialect/rollcall-client'
import { vixDialect } from './dialect/vix'
import { zzzDialect } from './dialect/zzz'
import { DEFAULT_LIMITS } from './limits'
import type { ClientMessage, ServerMessage } from './messages'
import { digestOf } from './presence/digest'
import { PresenceSet } from './presence/presence-set'
import {
  NATIVE_CLIENT_FRAMES,
  SEED_CLIENT_FRAMES,
  SESSION_ANSWERS,
  serverFrames,
} from './testing/golden-frames'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }

/** SHA-256 of the native golden frames, by version. A line stays once it is released: others were written against it. */
const PINNED: Readonly<Record<string, string>> = {
  'rollcall.v1 revision 1': '935075fc69527c53573450d6e37bc269d36192de0564d309ba04403f1e4f88d3',
  'rollcall.v1 revision 2': 'de9428d6eba3d5969cdb05336b7e114a2a1f32cb933ba61c289327810d120185',
}

type FieldsOf<M extends { kind: string }> = {
  [K in M['kind']]: {
    [F in Extract<M, { kind: K }> extends infer One ? (One extends unknown ? keyof One : never) : never]: true
  }
}

// A field that is added to a message does not compile until it stands here, and then wants a golden frame.
const about = { kind: true, topic: true, ref: true, joinRef: true } as const
const CLIENT_FIELDS: FieldsOf<Exclude<ClientMessage, { kind: 'appear' | 'disappear' }>> = {
  hello: { kind: true, ref: true, token: true, instance: true },
  heartbeat: { kind: true, ref: true, topic: true },
  goodbye: { kind: true, ref: true },
  refresh: { kind: true, ref: true, params: true, token: true },
  join: { ...about, payload: true, since: true },
  leave: about,
  push: { ...about, event: true, payload: true },
  update: { ...about, meta: true },
  patch: { ...about, patch: true },
  sync: about,
}
const SERVER_FIELDS: FieldsOf<ServerMessage> = {
  reply: { ...about, status: true, response: true, fault: true },
  event: { kind: true, topic: true, joinRef: true, event: true, payload: true },
  state: { kind: true, topic: true, joinRef: true, snapshot: true },
  diff: { kind: true, topic: true, diff: true },
  channel_closed: { kind: true, topic: true, joinRef: true, response: true },
  channel_failed: { kind: true, topic: true, joinRef: true, fault: true },
  fault: { kind: true, fault: true },
  opened: { kind: true, topic: true },
}

function fieldsIn(messages: readonly { readonly kind: string }[]) {
  const fields: Record<string, Record<string, true>> = {}
  for (const message of messages) {
    const names = Object.keys(message).map((name) => [name, true] as const)
    fields[message.kind] = { ...fields[message.kind], ...Object.fromEntries(names) }
  }
  return fields
}

const HOW_TO_CHANGE_THE_WIRE = [
  'The native wire is not what was pinned. If that is a mistake, undo it. If it is meant:',
  '  1. raise WIRE_REVISION in src/dialect/rollcall-client.ts (or SUBPROTOCOL, where old clients could not go on),',
  '  2. bring src/testing/golden-frames.ts and docs/reference/protocol.md up to date,',
  '  3. add the new version with its hash to PINNED in src/wire.test.ts, below the old ones.',
].join('\n')

describe('[P-16] the native wire, letter for letter', () => {
  test.each(NATIVE_CLIENT_FRAMES)('a client sends %j', (message, frame) => {
    expect(rollcallDialect.encodeClient(message), HOW_TO_CHANGE_THE_WIRE).toBe(frame)
    expect(rollcallDialect.decodeClient(frame, context)).toEqual({ ok: true, message })
  })

  test.each(serverFrames('rollcall'))('a server sends %s', (_what, message, frames) => {
    expect(rollcallDialect.encodeServer(message), HOW_TO_CHANGE_THE_WIRE).toEqual(frames)
    for (const frame of frames) expect(rollcallDialect.decodeServer(frame).ok).toBe(true)
  })

  test.each(SESSION_ANSWERS)('a server replies to the %s', (_what, message, frame) => {
    expect(rollcallDialect.encodeServer(message), HOW_TO_CHANGE_THE_WIRE).toEqual([frame])
    expect(rollcallDialect.decodeServer(frame)).toEqual({ ok: true, value: message })
  })

  test('no message, and no field of one, is without a golden frame', () => {
    expect(fieldsIn(NATIVE_CLIENT_FRAMES.map(([message]) => message))).toEqual(CLIENT_FIELDS)
    expect(fieldsIn(serverFrames('rollcall').map(([, message]) => message))).toEqual(SERVER_FIELDS)
  })

  test('[P-11] its digests are true: a client in another language can be tried with them', () => {
    const messages = serverFrames('rollcall').map(([, message]) => message)
    const state = messages.find((message) => message.kind === 'state')!.snapshot
    const { diff } = messages.find((message) => message.kind === 'diff')!
    expect(state.digest).toBe(digestOf(state.presences))
    const set = new PresenceSet()
    set.replace(state.presences)
    set.apply(diff)
    expect(diff.digest).toBe(set.digest)
  })

  test('the frames change only with their version', () => {
    const version = `${SUBPROTOCOL} revision ${WIRE_REVISION}`
    const golden = [
      ...NATIVE_CLIENT_FRAMES.map(([, frame]) => frame),
      ...serverFrames('rollcall').flatMap(([, , frames]) => frames),
      ...SESSION_ANSWERS.map(([, , frame]) => frame),
    ]
    const hash = createHash('sha256').update(golden.join('\n')).digest('hex')
    expect(PINNED[version], `${HOW_TO_CHANGE_THE_WIRE}\nThe hash of ${version} is ${hash}.`).toBe(hash)
  })
})

describe.each<Dialect>([phoenixV2Dialect, phoenixV1Dialect, zzzDialect, vixDialect])(
  '[P-16] the wire of $name, letter for letter',
  (dialect) => {
    test.each(serverFrames(dialect.name))('a server sends %s', (_what, message, frames) => {
      expect(dialect.encodeServer(message)).toEqual(frames)
    })

    test.each(SEED_CLIENT_FRAMES.filter(([name]) => name === dialect.name))(
      '%s: a client sends %s',
      (...row) => {
        const [, frame, message] = row
        expect(dialect.decodeClient(frame, context)).toEqual({ ok: true, message })
      },
    )
  },
)

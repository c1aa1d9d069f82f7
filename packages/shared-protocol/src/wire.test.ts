import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ClientMessage } from './client-message'
import type { DecodeContext, Dialect } from './dialect/dialect'
import { phoenixV1Dialect } from './dialect/phoenix-v1'
import { phoenixV2Dialect } from './dialect/phoenix-v2'
import { rollcallDialect } from './dialect/rollcall'
import { vixDialect } from './dialect/vix'
import { zzzDialect } from './dialect/zzz'
import { DEFAULT_LIMITS } from './limits'
import { digestOf } from './presence/digest'
import { PresenceSet } from './presence/presence-set'
import type { ServerMessage } from './server-message'
import { NATIVE_CLIENT_FRAMES, SEED_CLIENT_FRAMES, serverFrames } from './testing/golden-frames'
import { SUBPROTOCOL, WIRE_REVISION } from './version'

const context: DecodeContext = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }

/** SHA-256 of the native golden frames, by version. A line stays once it is released: others were written against it. */
const PINNED: Readonly<Record<string, string>> = {
  'rollcall.v1 revision 1': '0e3c0a29d9d89c2fafa1f24eded468e8a273a782e0e3b4b3362ff5d911d27f77',
}

const HOW_TO_CHANGE_THE_WIRE = [
  'The native wire is not what was pinned. If that is a mistake, undo it. If it is meant:',
  '  1. raise WIRE_REVISION in src/version.ts (or SUBPROTOCOL, where old clients could not go on),',
  '  2. bring src/testing/golden-frames.ts and docs/protocol.md up to date,',
  '  3. add the new version with its hash to PINNED in src/wire.test.ts, below the old ones.',
].join('\n')

describe('[P-16] the native wire, letter for letter', () => {
  test.each(NATIVE_CLIENT_FRAMES)('a client says %j', (message, frame) => {
    expect(rollcallDialect.encodeClient(message), HOW_TO_CHANGE_THE_WIRE).toBe(frame)
    expect(rollcallDialect.decodeClient(frame, context)).toEqual({ ok: true, message })
  })

  test.each(serverFrames('rollcall'))('a server says %s', (_what, message, frames) => {
    expect(rollcallDialect.encodeServer(message), HOW_TO_CHANGE_THE_WIRE).toEqual(frames)
    for (const frame of frames) expect(rollcallDialect.decodeServer(frame).ok).toBe(true)
  })

  test('no message is without a golden frame', () => {
    const client: Record<Exclude<ClientMessage['kind'], 'appear' | 'disappear'>, true> = {
      ...{ hello: true, heartbeat: true, goodbye: true, join: true, leave: true },
      ...{ push: true, update: true, patch: true, sync: true },
    }
    const server: Record<ServerMessage['kind'], true> = {
      ...{ reply: true, event: true, state: true, diff: true },
      ...{ channel_closed: true, channel_failed: true, fault: true, opened: true },
    }
    const kinds = (messages: readonly { kind: string }[]) => new Set(messages.map(({ kind }) => kind))
    expect(kinds(NATIVE_CLIENT_FRAMES.map(([message]) => message))).toEqual(new Set(Object.keys(client)))
    expect(kinds(serverFrames('rollcall').map(([, message]) => message))).toEqual(
      new Set(Object.keys(server)),
    )
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

  test('changes only with its version', () => {
    const version = `${SUBPROTOCOL} revision ${WIRE_REVISION}`
    const golden = [
      ...NATIVE_CLIENT_FRAMES.map(([, frame]) => frame),
      ...serverFrames('rollcall').flatMap(([, , frames]) => frames),
    ]
    const hash = createHash('sha256').update(golden.join('\n')).digest('hex')
    expect(PINNED[version], `${HOW_TO_CHANGE_THE_WIRE}\nThe hash of ${version} is ${hash}.`).toBe(hash)
  })
})

describe.each<Dialect>([phoenixV2Dialect, phoenixV1Dialect, zzzDialect, vixDialect])(
  '[P-16] the wire of $name, letter for letter',
  (dialect) => {
    test.each(serverFrames(dialect.name))('a server says %s', (_what, message, frames) => {
      expect(dialect.encodeServer(message)).toEqual(frames)
    })

    test.each(SEED_CLIENT_FRAMES.filter(([name]) => name === dialect.name))(
      '%s: a client says %s',
      (...row) => {
        const [, frame, message] = row
        expect(dialect.decodeClient(frame, context)).toEqual({ ok: true, message })
      },
    )
  },
)

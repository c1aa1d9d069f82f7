import {
  DEFAULT_LIMITS,
  type Dialect,
  type Fault,
  type FullDiff,
  fault,
  type Presence,
  phoenixV1Dialect,
  phoenixV2Dialect,
  phxRef,
  type ServerMessage,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { startServer } from '../support/server'
import { Attendance, answerTo, connectSocket, eventually } from './support/client'
import { recordedChannel } from './support/recorded-channel'
import { partsOf, type Recording, readRecordings } from './support/recorded-frames'

/*
 * What a real Phoenix server and the official client said to each other: every frame of the client is understood, and
 * whatever the server said there, our dialects say in the same shape.
 */

const recordings = [
  ...readRecordings('frames-v2.txt'),
  ...readRecordings('frames-v1.txt'),
  ...readRecordings('edge-cases.txt'),
]
const dialectOf = ({ dialect }: Recording): Dialect =>
  dialect === 'phoenix-v2' ? phoenixV2Dialect : phoenixV1Dialect
const context = { limits: DEFAULT_LIMITS, implicitTopic: '' }

/** Scenes in which the client says what nobody could understand. */
const nonsense: Record<string, string> = {
  'malformed JSON': 'malformed_frame',
  'empty text frame': 'malformed_frame',
  'JSON, wrong shape (object on V2)': 'invalid_message',
  'array too short': 'invalid_message',
  'payload not an object': 'invalid_message',
  'topic not a string': 'invalid_message',
  'heartbeat to phoenix with unknown event': 'unmatched_topic',
}

describe('every recorded frame of a client', () => {
  test.each(recordings.filter(({ title }) => !(title in nonsense)))('is understood: $title', (recording) => {
    const decode = (frame: string | Uint8Array) => dialectOf(recording).decodeClient(frame, context)
    for (const { frame, isFromClient } of recording.frames) {
      if (!isFromClient) continue
      const decoded = decode(frame)
      if (!decoded.ok) throw new Error(`${frame}: ${decoded.fault.message}`)
      if (typeof frame !== 'string') {
        expect(decoded.message).toMatchObject({ kind: 'push', topic: 'room:bin', joinRef: '1' })
        continue
      }
      const { joinRef, ref, topic, event, payload } = partsOf(frame)
      const own = JSON.parse(frame)
      const sentJoinRef = Array.isArray(own) ? joinRef : (own.join_ref ?? null)
      const about = { topic, ref, joinRef: sentJoinRef }
      const expected = {
        phx_join: { kind: 'join', ...about, payload },
        phx_leave: { kind: 'leave', ...about },
        heartbeat: { kind: 'heartbeat', topic, ref },
      }[event] ?? { kind: 'push', ...about, event, payload }
      expect(decoded.message).toEqual(expected)
    }
  })

  test.each(Object.entries(nonsense))('that is nonsense is a fault: %s', (title, code) => {
    const recording = recordings.find((one) => one.title === title)!
    const [{ frame } = { frame: '' }] = recording.frames
    expect(dialectOf(recording).decodeClient(frame, context)).toMatchObject({ ok: false, fault: { code } })
  })

  test('in binary: the texts and the payload', () => {
    const [push] = binaryFrames().map(({ frame }) => phoenixV2Dialect.decodeClient(frame, context))
    expect(push).toEqual({
      ok: true,
      message: {
        kind: 'push',
        topic: 'room:bin',
        ref: '2',
        joinRef: '1',
        event: 'new_msg',
        payload: Uint8Array.of(1, 2, 3, 255),
      },
    })
  })
})

describe('every recorded frame of the server has its shape in ours', () => {
  test.each(recordings)('$title', (recording) => {
    const names = new RefNames()
    for (const { frame, isFromClient } of recording.frames) {
      if (isFromClient || typeof frame !== 'string') continue
      names.learn(frame)
      const [ours, ...more] = dialectOf(recording).encodeServer(
        messageOf(partsOf(frame.replaceAll(FORGED, ',"forged":true')), names),
      )
      expect(more).toEqual([])
      // Ours has a sentence for people beside the reason; nothing else is different.
      expect(withoutSentence(JSON.parse(ours as string))).toEqual(JSON.parse(names.translate(frame)))
    }
  })

  test('in binary: a broadcast and a reply, byte for byte', () => {
    const [, broadcast, , reply] = binaryFrames().map(({ frame }) => frame)
    const room = { topic: 'room:bin', joinRef: '1' } as const
    const messages: ServerMessage[] = [
      { kind: 'event', ...room, joinRef: null, event: 'new_msg', payload: Uint8Array.of(1, 2, 3, 255) },
      { kind: 'reply', ...room, ref: '3', status: 'ok', response: Uint8Array.of(9, 8, 7) },
    ]
    expect(messages.flatMap((message) => phoenixV2Dialect.encodeServer(message))).toEqual([broadcast, reply])
  })
})

test('the official Presence at A is told what it was told in the recording, without the echo of its own join', async () => {
  const server = await startServer({ channels: [recordedChannel] })
  const a = await connectSocket(server.port, 'alice')
  const b = await connectSocket(server.port, 'bob')
  const roomOfA = a.channel('room:lobby', { user: 'alice', meta: { color: 'red' } })
  const attendance = new Attendance(roomOfA)
  const told = (count: number) => eventually(() => attendance.told.length === count)
  await answerTo(roomOfA.join())
  await told(1)
  const roomOfB = b.channel('room:lobby', { meta: { color: 'blue' } })
  await answerTo(roomOfB.join())
  await told(2)
  await answerTo(roomOfB.push('update_meta', { color: 'green' }))
  await told(4)
  await answerTo(roomOfB.push('leave_presence', {}))
  await told(5)
  await answerTo(roomOfB.push('track_presence', { color: 'pink' }))
  await told(6)
  await answerTo(roomOfB.leave())
  await told(7)
  await answerTo(b.channel('room:lobby').join())
  await told(8)
  b.disconnect()
  await told(9)
  const recorded =
    'join alice new | join alice again | join bob new | join bob again | leave bob left=1 | leave bob left=0 | join bob new | leave bob left=0 | join bob new | leave bob left=0'
  expect(attendance.told.join(' | ')).toBe(recorded.replace('join alice again | ', ''))
  expect(attendance.syncs).toBe(8)
})

function binaryFrames() {
  return recordings.flatMap(({ frames }) => frames.filter(({ frame }) => typeof frame !== 'string')) as {
    frame: Uint8Array
  }[]
}

/** A recorded client put a ref into its meta, and Phoenix let it out, after its own: a parser takes the last. */
const FORGED = ',"phx_ref":"forged"'

/** Phoenix's refs, as presences of ours that would be told with refs of the same meaning. */
class RefNames {
  readonly #presenceOf = new Map<string, { ref: string; rev: number }>()

  learn(frame: string): void {
    for (const [, ref = '', previous] of frame.matchAll(
      /"phx_ref":"([^"]+)"(?:,"phx_ref_prev":"([^"]+)")?/g,
    )) {
      // A reply names a new ref before the diff tells which one it follows.
      if (this.#presenceOf.has(ref) && previous === undefined) continue
      const before = previous === undefined ? null : this.of(previous)
      this.#presenceOf.set(ref, before ? { ref: before.ref, rev: before.rev + 1 } : { ref, rev: 0 })
    }
  }

  of(ref: string): { ref: string; rev: number } {
    return this.#presenceOf.get(ref)!
  }

  /** The frame with our refs in place of Phoenix's, and without the one that the client had forged. */
  translate(frame: string): string {
    let translated = frame.replaceAll(FORGED, '')
    for (const [ref, presence] of this.#presenceOf) {
      if (presence.rev > 0) translated = translated.replaceAll(`"${ref}"`, `"${phxRef(presence)}"`)
    }
    return translated
  }
}

/** The message that our server would have sent. */
function messageOf(parts: ReturnType<typeof partsOf>, names: RefNames): ServerMessage {
  const { topic, event, payload } = parts
  const [ref, joinRef] = [parts.ref, parts.joinRef] as [string | null, string | null]
  switch (event) {
    case 'phx_reply':
      return payload.status === 'ok'
        ? {
            kind: 'reply',
            topic,
            ref,
            joinRef,
            status: 'ok',
            response: JSON.parse(names.translate(JSON.stringify(payload.response))),
          }
        : { kind: 'reply', topic, ref, joinRef, status: 'error', fault: faultOf(payload.response.reason) }
    case 'phx_close':
      return { kind: 'channel_closed', topic, joinRef: joinRef ?? ref, response: payload }
    case 'phx_error':
      return { kind: 'channel_failed', topic, joinRef, fault: faultOf(payload.reason) }
    case 'presence_state': {
      const presences = presencesOf(payload, names)
      return { kind: 'state', topic, joinRef, snapshot: { epoch: 'e', seq: 1, digest: 0, presences } }
    }
    case 'presence_diff':
      return { kind: 'diff', topic, diff: diffOf(payload, names) }
    default:
      return { kind: 'event', topic, joinRef, event, payload }
  }
}

function faultOf(reason: string): Fault {
  return reason === 'unmatched topic'
    ? fault('unmatched_topic', 'A sentence.')
    : fault('refused', 'A sentence.', { reason })
}

function presencesOf(state: Record<string, { metas: any[] }>, names: RefNames): Presence[] {
  return Object.entries(state).flatMap(([key, { metas }]) =>
    metas.map(({ phx_ref, phx_ref_prev: _prev, forged, ...meta }) => ({
      ...names.of(phx_ref),
      key,
      meta: forged === true ? { ...meta, phx_ref: 'forged' } : meta,
    })),
  )
}

function diffOf(payload: { joins: any; leaves: any }, names: RefNames): FullDiff {
  const joins = presencesOf(payload.joins, names)
  const left = presencesOf(payload.leaves, names)
  const updates = joins.flatMap((presence) => {
    const previous = left.find(({ ref }) => ref === presence.ref)
    return previous ? [{ ...presence, previous }] : []
  })
  const isUpdated = ({ ref }: Presence) => updates.some((update) => update.ref === ref)
  return {
    ...{ epoch: 'e', base: 0, seq: 1, digest: 0, appeared: [], disappeared: [] },
    joins: joins.filter((presence) => !isUpdated(presence)),
    updates,
    leaves: left
      .filter((presence) => !isUpdated(presence))
      .map((presence) => ({ ref: presence.ref, key: presence.key, reason: 'left', presence })),
  }
}

function withoutSentence(frame: any): unknown {
  return JSON.parse(JSON.stringify(frame), (name, value) => (name === 'message' ? undefined : value))
}

// docs/reference/phoenix.md and the Phoenix sections of docs/reference/protocol.md: each row of the table has a test behind it, each frame
// is what the dialects read and write.

import { readFileSync } from 'node:fs'
import {
  DEFAULT_LIMITS,
  fault,
  type JsonObject,
  type Presence,
  phoenixV1Dialect,
  phoenixV2Dialect,
  type ServerMessage,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { findFiles } from '../../scripts/lib/find-files.mjs'
import { at } from '../../scripts/lib/repository.mjs'
import { jsonValues, type MarkdownDocument, readDocument, tableUnder } from './markdown'

/** A string that is a call's first argument: the title in `test('…')` or `test.each(…)('…')`. */
const TITLE = /\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

const context = { limits: DEFAULT_LIMITS, implicitTopic: '' }

describe('the table of docs/reference/phoenix.md', () => {
  const page = readDocument('docs/reference/phoenix.md')
  const rows = ['The same', 'Better', 'Different', 'Missing', "Rollcall's client"].flatMap((heading) =>
    tableUnder(page, heading).map((cells) => ({ heading, what: cells[0] ?? '', cited: cells.at(-1) ?? '' })),
  )
  const titles = new Set(
    findFiles((path) => /^(tests|packages)\/.*\.test\.ts$/.test(path)).flatMap((path) =>
      [...readFileSync(at(path), 'utf8').matchAll(TITLE)].map(([, , title = '']) =>
        title.replaceAll('\\', ''),
      ),
    ),
  )

  test('has rows of all five kinds', () => {
    expect(new Set(rows.map(({ heading }) => heading)).size).toBe(5)
    expect(rows.length).toBeGreaterThan(30)
  })

  test.each(rows)('$heading: $what has a test', ({ cited }) => {
    const citations = cited.split('<br>').map((title) => title.trim())
    expect(citations.filter((title) => !titles.has(title))).toEqual([])
  })
})

describe('the Phoenix frames', () => {
  const dialects = { 'phoenix-v2': phoenixV2Dialect, 'phoenix-v1': phoenixV1Dialect }
  const page = readDocument('docs/reference/protocol.md')
  const topic = 'room:lobby'
  const of = (ref: string, key: string, meta: JsonObject, rev = 0): Presence => ({ ref, key, meta, rev })
  const ada = of('n1-0', 'ada', { name: 'Ada' })
  const bob = of('n1-1', 'bob', { name: 'Bob' }, 2)
  const reply = { kind: 'reply', topic, joinRef: '3', status: 'ok', response: {} } as const
  const nothing = { epoch: 'e', base: 1, seq: 2, digest: 0, joins: [], updates: [], leaves: [] }
  const unseen = { appeared: [], disappeared: [] }
  const stateOf = (...presences: Presence[]): ServerMessage => ({
    ...{ kind: 'state', topic, joinRef: null },
    snapshot: { epoch: 'e', seq: 1, digest: 0, presences },
  })
  const event = { kind: 'event', topic, joinRef: null, event: 'new_msg', payload: { body: 'Hello' } } as const
  const closed = { kind: 'channel_closed', topic, joinRef: '3', response: {} } as const
  const sent: Record<keyof typeof dialects, ServerMessage[]> = {
    'phoenix-v2': [
      { ...reply, ref: '3' },
      stateOf(ada, bob, of('n1-2', 'bob', {})),
      {
        ...{ kind: 'diff', topic },
        diff: {
          ...{ ...nothing, ...unseen, joins: [of('n1-3', 'cleo', {})] },
          leaves: [{ ref: 'n1-2', key: 'bob', reason: 'left', presence: of('n1-2', 'bob', {}) }],
        },
      },
      {
        ...{ kind: 'diff', topic },
        diff: {
          ...{ ...nothing, ...unseen },
          updates: [{ ...bob, rev: 3, meta: { name: 'Bob', status: 'away' }, previous: bob }],
        },
      },
      event,
      { ...event, joinRef: '3', event: 'whisper', payload: { from: 'ada' } },
      {
        ...{ kind: 'reply', topic, ref: '5', joinRef: '3', status: 'error' },
        fault: fault(
          'not_tracked',
          `There is no presence in "${topic}" to change; join, or track one first.`,
        ),
      },
      {
        ...{ kind: 'reply', topic: 'other:x', ref: '14', joinRef: '14', status: 'error' },
        fault: fault('unmatched_topic', 'No channel of this server serves "other:x".'),
      },
      closed,
      { kind: 'fault', fault: fault('malformed_frame', 'The frame is not JSON: "{".') },
    ],
    'phoenix-v1': [
      { ...reply, ref: '3' },
      stateOf(ada),
      { kind: 'diff', topic, diff: { ...nothing, ...unseen, joins: [of('n1-1', 'bob', {})] } },
      event,
      closed,
    ],
  }

  test.each(
    (['phoenix-v2', 'phoenix-v1'] as const).flatMap((name) =>
      framesOf(page, name, 'client').map((frame) => [name, frame] as const),
    ),
  )('%s: a server understands %s', (name, frame) => {
    const decoded = dialects[name].decodeClient(frame, context)
    if (!decoded.ok) throw new Error(decoded.fault.message)
  })

  test.each(['phoenix-v2', 'phoenix-v1'] as const)('%s: of a server are what one sends', (name) => {
    expect(framesOf(page, name, 'server')).toEqual(
      sent[name].flatMap((message) => dialects[name].encodeServer(message)),
    )
  })

  test('in binary are what one reads and sends', () => {
    const block = page.fences.find(({ text }) => text.startsWith('00 01 01'))
    const [push, answer, broadcast] = (block?.text ?? '').split('\n').map((line) => {
      const [hex = ''] = line.split(';')
      return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    })
    const room = { topic: 'room:bin', joinRef: '1' } as const
    const payload = Uint8Array.of(1, 2, 3, 255)
    expect(phoenixV2Dialect.decodeClient(push ?? '', context)).toEqual({
      ok: true,
      message: { kind: 'push', ...room, ref: '2', event: 'new_msg', payload },
    })
    const response = Uint8Array.of(9, 8, 7)
    expect(phoenixV2Dialect.encodeServer({ ...reply, ...room, ref: '3', response })).toEqual([answer])
    expect(phoenixV2Dialect.encodeServer({ ...event, topic: room.topic, payload })).toEqual([broadcast])
  })
})

/** Frames of the blocks "```json <dialect> <side>", each as its text without spaces. */
function framesOf({ fences }: MarkdownDocument, dialect: string, side: 'client' | 'server'): string[] {
  return fences
    .filter(({ words }) => words[0] === dialect && words[1] === side)
    .flatMap(jsonValues)
    .map((frame) => JSON.stringify(frame))
}

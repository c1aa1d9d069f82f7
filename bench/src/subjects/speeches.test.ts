import { digestOf } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import type { Speech } from './speech'
import { speeches } from './speeches'

const presence = (ref: string, rev = 0) => ({ ref, key: `key-${ref}`, meta: { name: ref }, rev })
const [a, b, c] = [presence('a'), presence('b'), presence('c')]

const rollcallFrame = (event: string, payload: unknown) =>
  JSON.stringify([null, null, 'room:bench', event, payload])
const state = (presences: (typeof a)[], seq = 1, digest = digestOf(presences)) =>
  rollcallFrame('presence_state', { epoch: 'e', seq, digest, presences })
const none = { joins: [], updates: [], leaves: [] }

/** Texts of a server to a client, each with how many members there are after it. */
const told: Record<'rollcall' | 'plain-ws' | 'socket-io', [text: string, members: number][]> = {
  rollcall: [
    [state([a, b]), 2],
    [
      rollcallFrame('presence_diff', {
        epoch: 'e',
        base: 1,
        seq: 2,
        digest: digestOf([b, c]),
        ...none,
        joins: [c],
        leaves: [{ ref: 'a', key: a.key, reason: 'left' }],
      }),
      2,
    ],
    [
      rollcallFrame('presence_diff', {
        epoch: 'e',
        base: 2,
        seq: 3,
        digest: digestOf([presence('b', 1), c]),
        ...none,
        updates: [{ ref: 'b', rev: 1, meta: {} }],
      }),
      2,
    ],
    [rollcallFrame('msg', 'hello'), 2],
    [state([c], 4), 1],
  ],
  'plain-ws': [
    ['{"type":"state","users":[{"id":"a","name":"A"},{"id":"b"}]}', 2],
    ['{"type":"join","user":{"id":"c"}}', 3],
    ['{"type":"msg","body":"hello"}', 3],
    ['{"type":"leave","id":"a"}', 2],
  ],
  'socket-io': [
    ['430[[{"id":"a","name":"A"},{"id":"b"}]]', 2],
    ['42["user_joined",{"id":"c"}]', 3],
    ['42["msg","hello"]', 3],
    ['42["user_left","a"]', 2],
  ],
}

describe.each(Object.entries(told))('the speech of %s', (name, lines) => {
  test('counts as many members as its mirror holds', () => {
    const speech: Speech = speeches[name as keyof typeof told]
    const mirror = speech.mirror()
    let counted = 0
    for (const [text, members] of lines) {
      const count = speech.count(Buffer.from(text))
      if (count) counted = count.isWhole ? count.change : counted + count.change
      mirror.take(text)
      expect(counted).toBe(members)
      expect([...mirror.keys()]).toHaveLength(members)
    }
  })
})

describe('the mirror of rollcall', () => {
  const diff = (base: number, digest: number) =>
    rollcallFrame('presence_diff', { epoch: 'e', base, seq: base + 1, digest, ...none, joins: [b] })

  test('throws at a gap', () => {
    const mirror = speeches.rollcall.mirror()
    mirror.take(state([a]))
    expect(() => mirror.take(diff(2, digestOf([a, b])))).toThrow('came to a map at e/1')
  })

  test('throws at a digest that is another than its own', () => {
    const mirror = speeches.rollcall.mirror()
    mirror.take(state([a]))
    expect(() => mirror.take(diff(1, digestOf([a])))).toThrow('digest')
  })

  test('throws at a diff before any snapshot', () => {
    expect(() => speeches.rollcall.mirror().take(diff(0, digestOf([b])))).toThrow('before any snapshot')
  })
})

import { describe, expect, test } from 'vitest'
import type { FullDiff, Presence } from '../presence/presence'
import { phoenixDiff, phoenixState, phxRef } from './phoenix-presence'

const presence = (ref: string, key: string, rev = 0, meta = {}): Presence => ({ ref, key, rev, meta })
const nothing: FullDiff = {
  ...{ epoch: 'e', base: 0, seq: 1, digest: 0 },
  ...{ joins: [], updates: [], leaves: [], appeared: [], disappeared: [] },
}
const leave = (one: Presence) => ({ ref: one.ref, key: one.key, reason: 'left' as const, presence: one })

test('a phx_ref is the ref at first, and another one with every update', () => {
  const refs = [0, 1, 2, 10].map((rev) => phxRef({ ref: 'n1-7', rev }))
  expect(refs).toEqual(['n1-7', 'n1-7.1', 'n1-7.2', 'n1-7.10'])
})

describe('a state', () => {
  test('has a key’s metas in the order in which they came', () => {
    const body = phoenixState([
      presence('a', 'ada', 0, { d: 1 }),
      presence('b', 'bob'),
      presence('c', 'ada', 2),
    ])
    expect(body).toEqual({
      ada: {
        metas: [
          { phx_ref: 'a', d: 1 },
          { phx_ref: 'c.2', phx_ref_prev: 'c.1' },
        ],
      },
      bob: { metas: [{ phx_ref: 'b' }] },
    })
  })

  test('of nobody is empty', () => {
    expect(phoenixState([])).toEqual({})
  })

  test('[P-10] has odd keys as keys, and nobody’s prototype', () => {
    const text = JSON.stringify(
      phoenixState(['__proto__', 'constructor', '', '7'].map((key) => presence(`r${key}`, key))),
    )
    expect(Object.keys(JSON.parse(text)).sort()).toEqual(['', '7', '__proto__', 'constructor'])
    expect(text).toContain('"__proto__":{"metas":[{"phx_ref":"r__proto__"}]}')
  })
})

describe('a diff', () => {
  test('tells an update as a leave of the ref that clients hold and a join that names it', () => {
    const previous = presence('a', 'ada', 2, { n: 2 })
    const updates = [{ ...presence('a', 'ada', 5, { n: 5 }), previous }]
    expect(phoenixDiff({ ...nothing, updates })).toEqual({
      joins: { ada: { metas: [{ phx_ref: 'a.5', phx_ref_prev: 'a.2', n: 5 }] } },
      leaves: { ada: { metas: [{ phx_ref: 'a.2', phx_ref_prev: 'a.1', n: 2 }] } },
    })
  })

  test('a join has no phx_ref_prev, even where it was updated before anybody was told', () => {
    const { joins } = phoenixDiff({ ...nothing, joins: [presence('a', 'ada', 3)] })
    expect(joins).toEqual({ ada: { metas: [{ phx_ref: 'a.3' }] } })
  })

  test('a key that changes its presence is in joins and leaves', () => {
    const [before, after] = [presence('a', 'ada'), presence('b', 'ada')]
    expect(phoenixDiff({ ...nothing, joins: [after], leaves: [leave(before)] })).toEqual({
      joins: { ada: { metas: [{ phx_ref: 'b' }] } },
      leaves: { ada: { metas: [{ phx_ref: 'a' }] } },
    })
  })
})

test('[P-17] a phx_ref or phx_ref_prev in a meta never gets out, in a state or in any part of a diff', () => {
  const forged = JSON.parse('{"phx_ref":"forged","phx_ref_prev":"forged","__proto__":{"phx_ref":"x"},"n":1}')
  const [one, two] = [presence('a', 'ada', 0, forged), presence('b', 'bob', 1, forged)]
  const bodies = [
    phoenixState([one, two]),
    phoenixDiff({ ...nothing, joins: [one] }),
    phoenixDiff({ ...nothing, updates: [{ ...two, previous: { ...two, rev: 0 } }] }),
    phoenixDiff({ ...nothing, leaves: [leave(two)] }),
  ]
  for (const body of bodies) {
    const text = JSON.stringify(body)
    expect(text).not.toContain('forged')
    // The rest of the meta is as it was.
    expect(text).toContain('"__proto__":{"phx_ref":"x"},"n":1')
  }
})

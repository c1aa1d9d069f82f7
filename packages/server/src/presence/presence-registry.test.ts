import { ZZZ_LIMITS } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { MemoryStoreState } from '../store/memory/memory-store'
import { testRegistry } from '../testing-support/test-registry'
import { VirtualClock } from '../testing-support/virtual-clock'
import type { TrackResult } from './presence-registry'

const topic = 'room:lobby'

function presenceOf(result: TrackResult) {
  if (!result.ok) throw new Error(result.fault.message)
  return result.presence
}

function faultOf(result: TrackResult) {
  if (result.ok) throw new Error('It should have been refused.')
  return result.fault
}

/** Moves the clock and returns the promise's result: the registry resolves after a flush. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  await clock.advance(500)
  return promise
}

describe('track', () => {
  test('makes an owner present, and this node lists the presence at once', async () => {
    const { registry, clock } = testRegistry()
    const presence = presenceOf(registry.track('s1', topic, 'ada', { status: 'online' }))
    expect(presence).toEqual({ ref: 'n1-0', key: 'ada', meta: { status: 'online' }, rev: 0 })
    expect(registry.get('s1', topic)).toEqual(presence)
    expect(registry.size).toBe(1)
    expect(await settled(clock, registry.list(topic))).toEqual([presence])
  })

  test('[S-3] updates the presence if the key is the same', async () => {
    const { registry, clock, store } = testRegistry()
    const first = presenceOf(registry.track('s1', topic, 'ada', { status: 'online' }))
    await clock.settle()
    const second = presenceOf(registry.track('s1', topic, 'ada', { status: 'away' }))
    expect(second).toEqual({ ...first, meta: { status: 'away' }, rev: 1 })
    expect(registry.size).toBe(1)
    expect(await settled(clock, registry.list(topic))).toEqual([second])
    expect(store.commits.flatMap(({ changes }) => changes).filter(({ op }) => op === 'drop')).toEqual([])
  })

  test('changes nothing if key and meta are the same', async () => {
    const { registry, clock, store } = testRegistry()
    const first = presenceOf(registry.track('s1', topic, 'ada', { status: 'online' }))
    await clock.advance(500)
    expect(presenceOf(registry.track('s1', topic, 'ada', { status: 'online' }))).toEqual(first)
    await clock.advance(500)
    expect(store.commits).toHaveLength(1)
  })

  test('replaces the presence if the key is another one', async () => {
    const { registry, clock, store } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    const bob = presenceOf(registry.track('s1', topic, 'bob', {}))
    expect(registry.size).toBe(1)
    expect(await settled(clock, registry.list(topic))).toEqual([bob])
    expect(store.commits[1]?.changes).toEqual([
      { op: 'put', ...bob, owner: 's1' },
      { op: 'drop', ref: 'n1-0', reason: 'replaced' },
    ])
  })

  test('[S-4] keeps several owners under one key as several presences', async () => {
    const { registry, clock } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    registry.track('s2', topic, 'ada', {})
    expect((await settled(clock, registry.list(topic))).map(({ key }) => key)).toEqual(['ada', 'ada'])
    registry.untrack('s1', topic)
    expect((await settled(clock, registry.list(topic))).map(({ ref }) => ref)).toEqual(['n1-1'])
  })

  test('keeps a copy of the meta, which later changes of the object do not affect', async () => {
    const { registry } = testRegistry()
    const meta = { status: 'online' }
    registry.track('s1', topic, 'ada', meta)
    meta.status = 'forged'
    expect(registry.get('s1', topic)?.meta).toEqual({ status: 'online' })
  })

  test.each([undefined, null, 'text', 5, [1], () => {}, { toJSON: () => 'text' }])(
    'throws for a meta of %s',
    (meta) => {
      const { registry } = testRegistry()
      const mistake = expect.objectContaining({ code: 'invalid_argument' })
      expect(() => registry.track('s1', topic, 'ada', meta as never)).toThrow(mistake)
      expect(registry.size).toBe(0)
    },
  )

  test('throws for a meta that JSON cannot hold', () => {
    const { registry } = testRegistry()
    const circular: Record<string, unknown> = {}
    circular.self = circular
    for (const meta of [circular, { big: 1n }]) {
      expect(() => registry.track('s1', topic, 'ada', meta as never)).toThrow(
        expect.objectContaining({ code: 'invalid_argument', cause: expect.any(TypeError) }),
      )
    }
  })
})

describe('[S-41] track refuses a name with forbidden characters, and names the character', () => {
  test.each([
    ['a topic', ['room:\n', 'ada'], 'The topic has a control character in it, U+000A at index 5. Remove it.'],
    [
      'a key, as of an identity that somebody else’s login made',
      [topic, 'ada\u202e'],
      'The key has a character that sets the direction of text in it, U+202E at index 3. Remove it.',
    ],
    [
      'half an emoji',
      [topic, '\ud83d'],
      'The key has half of a surrogate pair in it, U+D83D at index 0. Remove it.',
    ],
  ] as const)('%s', (_what, [name, key], message) => {
    const { registry } = testRegistry()
    expect(faultOf(registry.track('s1', name, key, {}))).toEqual({ code: 'invalid_text', message })
    expect([registry.size, registry.topicCount]).toEqual([0, 0])
  })

  test('a meta may contain any character', () => {
    const { registry } = testRegistry()
    const meta = { '\u202e\n': '\ud83d' }
    expect(presenceOf(registry.track('s1', topic, 'ada', meta)).meta).toEqual(meta)
  })
})

describe('[S-16] track refuses values above a limit, and names the limit, the value and the option', () => {
  const long = 'é'.repeat(65)

  test.each([
    ['a topic', [long, 'ada', {}], { name: 'topicBytes', max: 128, actual: 130 }],
    ['a key', [topic, long, {}], { name: 'keyBytes', max: 64, actual: 130 }],
    ['a meta', [topic, 'ada', { a: 'x'.repeat(249) }], { name: 'metaBytes', max: 256, actual: 257 }],
  ] as const)('%s', (_what, [name, key, meta], limit) => {
    const { registry } = testRegistry()
    const problem = faultOf(registry.track('s1', name, key, meta))
    expect(problem).toMatchObject({ code: 'limit_exceeded', limit })
    expect(problem.message).toContain(`limits.${limit.name}`)
    expect(registry.size).toBe(0)
    expect(registry.topicCount).toBe(0)
  })

  test('a value at the limit is accepted', () => {
    const { registry } = testRegistry()
    const fits = [registry.track('s1', 'é'.repeat(64), 'é'.repeat(32), { a: 'x'.repeat(248) })]
    expect(fits.map(({ ok }) => ok)).toEqual([true])
  })

  test('a full node refuses, as zzz’s does at 512', () => {
    const { registry } = testRegistry({ limits: ZZZ_LIMITS })
    for (let i = 0; i < 512; i++) expect(registry.track(`s${i}`, topic, `k${i}`, {}).ok).toBe(true)
    const problem = faultOf(registry.track('s512', topic, 'late', {}))
    expect(problem).toMatchObject({
      code: 'capacity_exceeded',
      limit: { name: 'capacity', max: 512, actual: 513 },
      message: expect.stringContaining('limits.capacity'),
    })
    expect(registry.track('s0', topic, 'k0', { still: 'allowed' }).ok).toBe(true)
    expect(registry.track('s0', topic, 'another', {}).ok).toBe(true)
    registry.untrack('s1', topic)
    expect(registry.track('s512', topic, 'late', {}).ok).toBe(true)
    expect(registry.size).toBe(512)
  })

  test('an overwrite that is too large leaves the presence unchanged', () => {
    const { registry } = testRegistry()
    registry.track('s1', topic, 'ada', { n: 1 })
    expect(registry.track('s1', topic, 'ada', { a: 'x'.repeat(300) }).ok).toBe(false)
    expect(registry.get('s1', topic)).toMatchObject({ meta: { n: 1 }, rev: 0 })
  })
})

describe('update and patch', () => {
  test('[S-3] replace the meta or a part of it', () => {
    const { registry } = testRegistry()
    registry.track('s1', topic, 'ada', { status: 'online', typing: true })
    expect(presenceOf(registry.patch('s1', topic, { typing: null, mood: 'fine' }))).toMatchObject({
      ref: 'n1-0',
      meta: { status: 'online', mood: 'fine' },
      rev: 1,
    })
    expect(presenceOf(registry.update('s1', topic, { status: 'away' }))).toMatchObject({
      ref: 'n1-0',
      meta: { status: 'away' },
      rev: 2,
    })
  })

  test('are refused without a presence', () => {
    const { registry } = testRegistry()
    registry.track('s1', 'elsewhere', 'ada', {})
    expect(faultOf(registry.update('s1', topic, {})).code).toBe('not_tracked')
    expect(faultOf(registry.patch('s1', topic, {})).code).toBe('not_tracked')
  })

  test('a patch that makes the meta too large is refused', () => {
    const { registry } = testRegistry()
    registry.track('s1', topic, 'ada', { a: 'x'.repeat(200) })
    expect(faultOf(registry.patch('s1', topic, { b: 'x'.repeat(200) })).limit?.name).toBe('metaBytes')
  })
})

describe('untrack', () => {
  test('ends the presence and returns whether there was one', async () => {
    const { registry, clock } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    registry.track('s2', topic, 'bob', {})
    await clock.advance(500)
    expect(registry.untrack('s1', topic)).toBe(true)
    expect(registry.untrack('s1', topic)).toBe(false)
    expect(registry.untrack('nobody', topic)).toBe(false)
    expect((await settled(clock, registry.list(topic))).map(({ key }) => key)).toEqual(['bob'])
    expect(registry.size).toBe(1)
  })

  test('untrackAll ends the owner’s presences in every topic, and nobody else’s', async () => {
    const { registry, clock, store } = testRegistry()
    registry.track('s1', 'a', 'ada', {})
    registry.track('s1', 'b', 'ada', {})
    registry.track('s2', 'a', 'bob', {})
    await clock.advance(500)
    expect(registry.untrackAll('s1', 'timeout')).toBe(2)
    expect(registry.untrackAll('s1')).toBe(0)
    await clock.advance(500)
    expect(registry.size).toBe(1)
    const drops = store.commits.flatMap(({ changes }) => changes).filter(({ op }) => op === 'drop')
    expect(drops).toEqual([
      { op: 'drop', ref: 'n1-0', reason: 'timeout' },
      { op: 'drop', ref: 'n1-1', reason: 'timeout' },
    ])
  })
})

describe('list', () => {
  test('of a topic that nobody is in is empty', async () => {
    expect(await testRegistry().registry.list('nobody:here')).toEqual([])
  })

  test('contains the presences of all nodes, and this node’s own before their commit', async () => {
    const state = new MemoryStoreState('e')
    const clock = new VirtualClock()
    const [one, other] = ['n1', 'n2'].map((name) => testRegistry({ state, clock, name }))
    other!.registry.track('s9', topic, 'bob', {})
    await clock.advance(500)
    expect((await one!.registry.list(topic)).map(({ key }) => key)).toEqual(['bob'])
    one!.registry.track('s1', topic, 'ada', {})
    expect((await settled(clock, one!.registry.list(topic))).map(({ key }) => key).sort()).toEqual([
      'ada',
      'bob',
    ])
  })

  test('[S-10] works for keys and topics with the names of prototypes', async () => {
    const { registry, clock } = testRegistry()
    for (const name of ['__proto__', 'constructor', '']) {
      expect(await settled(clock, registry.list(name))).toEqual([])
      registry.track(name, name, name, {})
      expect((await settled(clock, registry.list(name))).map(({ key }) => key)).toEqual([name])
    }
    expect(registry.size).toBe(3)
  })
})

describe('diff', () => {
  test('without a position holds everybody in joins and nobody in leaves', async () => {
    const { registry, clock } = testRegistry()
    registry.track('s1', topic, 'ada', { name: 'Alice' })
    registry.track('s2', topic, 'bob', {})
    const diff = await settled(clock, registry.diff(topic))
    expect(diff).toMatchObject({ isFull: true, leaves: [], updates: [] })
    expect(diff.joins.map(({ key, meta }) => ({ key, meta }))).toEqual([
      { key: 'ada', meta: { name: 'Alice' } },
      { key: 'bob', meta: {} },
    ])
  })

  test('[S-7] since a position is the net change, staged changes included', async () => {
    const { registry, clock } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    registry.track('s2', topic, 'bob', {})
    registry.track('s3', topic, 'cy', {})
    const before = await settled(clock, registry.diff(topic))
    registry.untrack('s2', topic)
    registry.track('s3', topic, 'cy', { n: 1 })
    registry.track('s4', topic, 'dan', {})
    await clock.advance(500)
    registry.track('s5', topic, 'eve', {})
    registry.untrack('s5', topic)
    const diff = await settled(clock, registry.diff(topic, before))
    expect(diff).toMatchObject({
      isFull: false,
      base: before.seq,
      joins: [{ key: 'dan' }],
      updates: [{ ref: 'n1-2', rev: 1, meta: { n: 1 } }],
      leaves: [{ ref: 'n1-1', key: 'bob', reason: 'left' }],
    })
    const none = await settled(clock, registry.diff(topic, diff))
    expect(none).toMatchObject({ isFull: false, joins: [], updates: [], leaves: [], seq: diff.seq })
  })

  test('[S-7] since an unknown position holds everybody, with isFull set', async () => {
    const { registry, clock } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    for (const since of [
      { epoch: 'other', seq: 1 },
      { epoch: 'e0', seq: 99 },
    ]) {
      expect(await settled(clock, registry.diff(topic, since))).toMatchObject({
        isFull: true,
        joins: [{ key: 'ada' }],
      })
    }
  })

  test('of a topic that nobody is in is empty', async () => {
    const { registry } = testRegistry()
    expect(await registry.diff('nobody:here')).toMatchObject({ isFull: true, joins: [], leaves: [] })
  })
})

import { expect, test } from 'vitest'
import { testRegistry } from '../testing-support/test-registry'
import { Registry } from './registry'

const topic = 'room:lobby'

test('an application tracks, changes and reads presences through the registry', async () => {
  const { registry: presences, clock } = testRegistry()
  const registry = new Registry(presences)
  expect(registry.track('bot', topic, 'weather', { says: 'sunny', n: 1 })).toMatchObject({ ok: true })
  expect(registry.update('bot', topic, { says: 'cloudy', n: 1 })).toMatchObject({ ok: true })
  expect(registry.patch('bot', topic, { n: null })).toMatchObject({ ok: true })
  expect(registry.get('bot', topic)?.meta).toEqual({ says: 'cloudy' })
  expect(registry.size).toBe(1)
  registry.track('other', topic, 'other', {})
  await clock.advance(100)
  expect((await registry.list(topic)).map(({ key }) => key)).toEqual(['weather', 'other'])
  expect(registry.untrack('other', topic)).toBe(true)
  expect(await registry.count(topic)).toBe(1)
  expect(registry.untrackAll('bot')).toBe(1)
})

test('an application reads what changed since a position, and the reason why somebody left', async () => {
  const { registry: presences, clock } = testRegistry()
  const registry = new Registry(presences)
  registry.track('bot', topic, 'bot', {})
  await clock.advance(100)
  const { isFull, joins, epoch, seq } = await registry.diff(topic)
  expect([isFull, joins.length]).toEqual([true, 1])
  registry.untrack('bot', topic, 'kicked')
  await clock.advance(100)
  // The node has forgotten the topic with its history, as nobody needs it.
  expect(await registry.diff(topic, { epoch, seq })).toMatchObject({ isFull: true, joins: [] })
})

test('an application cannot call what nodes and sessions do to each other', () => {
  const members = Object.getOwnPropertyNames(Registry.prototype).filter((name) => name !== 'constructor')
  expect(members.sort()).toEqual(
    ['count', 'diff', 'get', 'list', 'patch', 'size', 'track', 'untrack', 'untrackAll', 'update'].sort(),
  )
  expect(Object.keys(new Registry(testRegistry().registry))).toEqual([])
})

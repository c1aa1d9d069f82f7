import { expect, test } from 'vitest'
import { PendingLeaves } from './pending-leaves'

const reply = (topic: string, ref: string | null) =>
  ({ kind: 'reply', topic, ref, joinRef: null, status: 'ok', response: {} }) as const

test('[C-22] a topic is owed a leave until the one that was sent last is answered', () => {
  const renounced = new PendingLeaves()
  renounced.add('__proto__', null)
  renounced.add('__proto__', '4')
  renounced.add('__proto__', '5')
  expect(renounced.acknowledge(reply('__proto__', '4'))).toBe(false)
  expect(renounced.acknowledge(reply('room:1', '5'))).toBe(false)
  expect(renounced.topics).toEqual(['__proto__'])
  expect(renounced.acknowledge(reply('__proto__', '5'))).toBe(true)
  expect(renounced.acknowledge(reply('__proto__', '5'))).toBe(false)
  expect(renounced.topics).toEqual([])
})

test('[C-22] nothing answers a leave that was not sent, and no other frame answers one', () => {
  const renounced = new PendingLeaves()
  renounced.add('room:1', null)
  expect(renounced.acknowledge(reply('room:1', null))).toBe(false)
  renounced.add('room:1', '4')
  expect(renounced.acknowledge({ kind: 'channel_closed', topic: 'room:1', joinRef: '4', response: {} })).toBe(
    false,
  )
  expect(renounced.topics).toEqual(['room:1'])
})

test('[C-22] a topic that is joined again is owed nothing, and after the session none is', () => {
  const renounced = new PendingLeaves()
  for (const topic of ['room:1', 'room:2', 'room:3']) renounced.add(topic, null)
  renounced.cancel('room:2')
  const before = renounced.topics
  renounced.clear()
  expect([before, renounced.topics]).toEqual([['room:1', 'room:3'], []])
})

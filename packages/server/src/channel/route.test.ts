import { describe, expect, test } from 'vitest'
import { CONTROL_TOPIC } from '../store/node-messages'
import type { ChannelDefinition } from './channel-definition'
import { Router } from './channel-definition'

const patternOf = (patterns: readonly string[], topic: string) =>
  new Router(patterns.map((topicPattern) => ({ topicPattern }))).find(topic)?.topicPattern ?? null

describe('the channel of a topic', () => {
  test.each([
    [['room:lobby', 'room:*'], 'room:lobby', 'room:lobby'],
    [['room:*', 'room:lobby'], 'room:lobby', 'room:lobby'],
    [['room:*', 'room:private:*'], 'room:private:1', 'room:*'],
    [['room:private:*', 'room:*'], 'room:private:1', 'room:private:*'],
    [['room:*'], 'room:', 'room:*'],
    [['room:*'], 'room', null],
    [['room:*'], 'chat:1', null],
    [['room:1'], 'room:12', null],
    [['*'], 'anything', '*'],
    [['*'], '', '*'],
    [['a'], 'constructor', null],
    [['a'], '__proto__', null],
    [['__proto__'], '__proto__', '__proto__'],
  ])('among %j, for %j, is %j', (patterns, topic, found) => {
    expect(patternOf(patterns, topic)).toBe(found)
  })

  test('is the first of two with the same pattern', () => {
    const first: ChannelDefinition = { topicPattern: 'a', observable: true }
    expect(new Router([first, { topicPattern: 'a' }]).find('a')?.observable).toBe(true)
  })
})

describe('a definition that could never work throws at construction', () => {
  const refused = expect.objectContaining({ code: 'invalid_option' })

  test.each(['', 'room:*:x', '*room', '**', undefined, 5])('the pattern %j', (topicPattern) => {
    expect(() => new Router([{ topicPattern } as ChannelDefinition])).toThrow(refused)
  })

  test.each(['phx_join', 'presence_state', 'presence.online', 'chan_reply_1', '', 'a\nb', 'a\u200b'])(
    '[S-15] [S-61] a handler for %j',
    (event) => {
      expect(() => new Router([{ topicPattern: 'a', handlers: { [event]: () => undefined } }])).toThrow(
        refused,
      )
    },
  )
})

test('[S-10] an event called constructor or __proto__ reaches no prototype', () => {
  const channel = new Router([{ topicPattern: 'a', handlers: { say: () => undefined } }]).find('a')
  expect(['constructor', '__proto__', 'toString'].map((event) => channel?.handlerOf.has(event))).toEqual([
    false,
    false,
    false,
  ])
})

test('[S-33] the topic for messages between servers has no channel', () => {
  expect(new Router([{ topicPattern: '*' }, { topicPattern: CONTROL_TOPIC }]).find(CONTROL_TOPIC)).toBe(null)
})

import { describe, expect, test } from 'vitest'
import {
  eventsIn,
  gated,
  joined,
  repliesIn,
  topic,
  tracking,
  withHandlers,
} from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import { TestNode } from '../testing-support/test-node'
import type { ChannelContext } from './channel-context'
import type { Handler } from './channel-definition'
import { refuse } from './reply'

describe('a client’s push', () => {
  test('before the reply to the join waits for that reply', async () => {
    const wait = gated()
    const channel = tracking({ join: () => wait.opened, handlers: { ping: () => ({ pong: true }) } })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    ada.say(['j', 'j', topic, 'phx_join', {}], ['j', '2', topic, 'ping', {}])
    expect(await ada.heard()).toEqual([])
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      ['j', 'ok', {}],
      ['2', 'ok', { pong: true }],
    ])
  })

  test('before a refused join is refused too', async () => {
    const wait = gated()
    const channel = tracking({
      join: async () => {
        await wait.opened
        return refuse('no')
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    ada.say(
      ['j', 'j', topic, 'phx_join', {}],
      ['j', '2', topic, 'ping', {}],
      ['j', '3', topic, 'presence_sync', {}],
    )
    await ada.heard()
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'no' })],
      ['2', 'error', expect.objectContaining({ reason: 'not_joined' })],
      ['3', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
  })

  test('is handled in order, one at a time', async () => {
    const log: string[] = []
    const slow: Handler = async (_ctx, payload) => {
      log.push(`${payload} begins`)
      await Promise.resolve()
      log.push(`${payload} ends`)
    }
    const node = new TestNode({ channels: [withHandlers({ slow })] })
    const ada = await joined(node, 'ada')
    ada.say(...['a', 'b', 'c'].map((name) => ['j', name, topic, 'slow', name]))
    expect(repliesIn(await ada.heard()).map(([ref]) => ref)).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('[S-9] above the waiting limit is refused with throttled, and the others are handled', async () => {
    const wait = gated()
    const node = new TestNode({
      maxWaitingMessages: 2,
      channels: [withHandlers({ slow: () => wait.opened })],
    })
    const ada = await joined(node, 'ada')
    ada.say(...[1, 2, 3, 4, 5].map((ref) => ['j', ref, topic, 'slow', {}]))
    const refused = repliesIn(await ada.heard())
    expect(refused.map(([ref, , body]) => [ref, body.reason])).toEqual([
      [4, 'throttled'],
      [5, 'throttled'],
    ])
    expect(refused[0]![2]).toMatchObject({
      message: expect.stringContaining('maxWaitingMessages'),
      retry_after_ms: 1000,
    })
    wait.open()
    expect(repliesIn(await ada.heard())).toEqual([
      [1, 'ok', {}],
      [2, 'ok', {}],
      [3, 'ok', {}],
    ])
  })

  test('without a ref gets no reply unless it is refused', async () => {
    const node = new TestNode({ channels: [withHandlers({ ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada')
    expect(await ada.ask(['j', null, topic, 'ping', {}])).toEqual([])
    expect(repliesIn(await ada.ask(['j', null, topic, 'nope', {}]))).toEqual([
      [null, 'error', expect.objectContaining({ reason: 'unknown_event' })],
    ])
  })

  test('gets the handler’s result as its reply, also 0 and null', async () => {
    const node = new TestNode({
      channels: [withHandlers({ zero: () => 0, list: () => [1], text: async () => '' })],
    })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '1', topic, 'zero', {}]))).toEqual([['1', 'ok', 0]])
    expect(repliesIn(await ada.ask(['j', '2', topic, 'list', {}]))).toEqual([['2', 'ok', [1]]])
    expect(repliesIn(await ada.ask(['j', '3', topic, 'text', {}]))).toEqual([['3', 'ok', '']])
  })

  test('gets its reply after the events that its handler pushed, in one write', async () => {
    const handlers: Record<string, Handler> = {
      burst: (ctx) => {
        for (let i = 0; i < 5; i++) ctx.push('part', { i })
      },
    }
    const node = new TestNode({ channels: [withHandlers(handlers)] })
    const ada = await joined(node, 'ada')
    const writes = ada.wire.writes.length
    expect(eventsIn(await ada.ask(['j', '1', topic, 'burst', {}]))).toEqual([
      ...Array(5).fill('part'),
      'phx_reply',
    ])
    expect(ada.wire.writes.length - writes).toBe(1)
  })
})

describe('[S-15] [S-61] the server’s own messages cannot be forged', () => {
  const reserved = [
    'chan_reply_1',
    'phx_anything',
    'presence.offline',
    'presence.current',
    'presence.system',
    'presence.error',
    'presence_state',
    'presence_diff',
    'phx_reply',
    'phx_close',
    'phx_error',
    'presence.online',
  ]

  test.each(reserved)('%s pushed by a client is refused, and reaches nobody', async (event) => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    expect(repliesIn(await ada.ask(['j', '1', topic, event, { forged: true }]))).toEqual([
      ['1', 'error', expect.objectContaining({ reason: 'reserved_event' })],
    ])
    await node.clock.advance(300)
    expect(await bob.heard()).toEqual([])
  })

  const allReserved = [...reserved, 'presence_update', 'presence_patch', 'presence_sync']

  test.each(allReserved)('%s sent by the application is its mistake', async (event) => {
    const contexts: ChannelContext[] = []
    const node = new TestNode({ channels: [tracking({ join: (ctx) => void contexts.push(ctx) })] })
    await joined(node, 'ada')
    const ctx = contexts[0]!
    const mistake = expect.objectContaining({ code: 'invalid_argument' })
    expect(() => ctx.push(event, {})).toThrow(mistake)
    expect(() => ctx.broadcast(event, {})).toThrow(mistake)
    expect(() => ctx.broadcastFrom(event, {})).toThrow(mistake)
    expect(() => node.registry.broadcast(topic, event, {})).toThrow(mistake)
  })

  test.each(allReserved)(
    '%s from another node of an older version reaches nobody and is logged once',
    async (event) => {
      const { nodes, clock } = sharedNodes(2)
      const [here, there] = nodes as [SharingNode, SharingNode]
      const ada = await joined(here, 'ada')
      await there.store.publish(topic, { event, payload: { status: 'ok', response: {} } })
      await there.store.publish(topic, { event, payload: {} })
      await there.store.publish(topic, { event: 'said', payload: {} })
      await clock.advance(300)
      expect(eventsIn(await ada.heard())).toEqual(['said'])
      expect(here.log.of('warn').map(({ message }) => message)).toEqual([expect.stringContaining(event)])
    },
  )

  test.each(['', 'new\u202emsg', 'msg\u200b', 'a\nb', undefined, 5])(
    'an event named %j throws too',
    async (event) => {
      const node = new TestNode()
      expect(() => node.registry.broadcast(topic, event as string, {})).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      )
    },
  )
})

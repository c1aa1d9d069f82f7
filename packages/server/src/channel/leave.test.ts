import { describe, expect, test } from 'vitest'
import { gated, joined, repliesIn, topic, tracking } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import type { ChannelDefinition } from './channel-definition'

describe('a leave', () => {
  test('gets a reply, closes the channel, and ends the presence before the application’s leave runs', async () => {
    const log: unknown[] = []
    const channel = tracking({
      leave: async (ctx, reason) => {
        log.push(reason, await ctx.list())
      },
    })
    const node = new TestNode({ channels: [channel] })
    const watcher = await joined(node, 'watcher')
    const ada = await joined(node, 'ada')
    await watcher.heard()
    expect(await ada.ask(['j', '5', topic, 'phx_leave', {}])).toEqual([
      ['j', '5', topic, 'phx_reply', { status: 'ok', response: {} }],
      ['j', 'j', topic, 'phx_close', {}],
    ])
    await node.clock.advance(300)
    expect(log).toEqual(['left', [expect.objectContaining({ key: 'watcher' })]])
    expect(await watcher.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ key: 'ada', reason: 'left' }] }],
    ])
  })

  test('is no fault if it is the second one or the topic was never joined', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    await ada.ask(['j', '5', topic, 'phx_leave', {}])
    expect(repliesIn(await ada.ask(['j', '6', topic, 'phx_leave', {}]))).toEqual([['6', 'ok', {}]])
    expect(repliesIn(await ada.ask([null, '7', 'room:never', 'phx_leave', {}]))).toEqual([['7', 'ok', {}]])
  })

  test('[S-5] during the join ends it, without reply and presence', async () => {
    const wait = gated()
    const channel = tracking({
      join: async (ctx) => {
        await wait.opened
        ctx.track('ada', {})
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic)
    expect(repliesIn(await ada.ask(['j', '2', topic, 'phx_leave', {}]))).toEqual([['2', 'ok', {}]])
    wait.open()
    await node.clock.advance(300)
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toEqual([])
    expect(node.registry.topicCount).toBe(0)
  })

  test.each<[string, NonNullable<ChannelDefinition['leave']>, logged: number]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      1,
    ],
    [
      'throws what is no error',
      () => {
        throw undefined
      },
      1,
    ],
    ['rejects', () => Promise.reject(new Error('no')), 1],
    ['never ends', () => new Promise(() => {}), 0],
    [
      'returns what breaks when it is waited for',
      () => {
        const then = () => {
          throw new Error('no')
        }
        return Object.defineProperty(Promise.resolve(), 'constructor', { get: then })
      },
      1,
    ],
    [
      'speaks for who has left',
      (ctx) => void [ctx.push('bye', {}), ctx.track('ada', {}), ctx.close('kicked')],
      0,
    ],
  ])('[S-13] succeeds even if the application’s leave %s', async (_what, leave, logged) => {
    const node = new TestNode({ channels: [tracking({ leave })] })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '5', topic, 'phx_leave', {}]))).toEqual([['5', 'ok', {}]])
    await node.clock.advance(20_000)
    const context = { topic, sessionId: expect.any(String), reason: 'left' }
    expect(node.log.of('error')).toMatchObject(Array(logged).fill({ context }))
    expect(await node.registry.list(topic)).toEqual([])
    expect(repliesIn(await ada.join(topic, {}, '6'))).toEqual([['6', 'ok', {}]])
  })
})

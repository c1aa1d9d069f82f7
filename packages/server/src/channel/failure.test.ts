import { describe, expect, test } from 'vitest'
import { eventsIn, joined, repliesIn, topic, tracking, withHandlers } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import type { ChannelDefinition, Handler } from './channel-definition'

describe('[S-13] a handler that fails', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular

  test.each<[string, Handler, string]>([
    [
      'throws',
      () => {
        throw new Error('secret reason')
      },
      'handler_failed',
    ],
    ['rejects', () => Promise.reject(new Error('secret reason')), 'handler_failed'],
    ['answers with what is no JSON', () => ({ big: 1n }) as never, 'handler_failed'],
    ['resolves with what is no JSON', async () => circular as never, 'handler_failed'],
    ['pushes a reserved event', (ctx) => ctx.push('presence_state', {}), 'handler_failed'],
    ['broadcasts a reserved event', (ctx) => ctx.broadcast('presence_diff', {}), 'handler_failed'],
    ['tracks with a meta that is none', (ctx) => void ctx.track('ada', 'text' as never), 'handler_failed'],
    ['never finishes', () => new Promise(() => {}), 'handler_timeout'],
  ])('as it %s, gets a reply and a log line, and affects nothing else', async (_what, broken, reason) => {
    const node = new TestNode({ channels: [withHandlers({ broken, ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada')
    ada.say(['j', '1', topic, 'broken', {}], ['j', '2', topic, 'ping', {}])
    await node.clock.advance(10_000)
    const [failed, answered] = repliesIn(await ada.heard())
    expect(failed).toEqual(['1', 'error', expect.objectContaining({ reason })])
    expect(JSON.stringify(failed)).not.toContain('secret')
    expect(answered).toEqual(['2', 'ok', { pong: true }])
    expect(node.log.of('error')).toHaveLength(1)
    expect(await node.registry.list(topic)).toHaveLength(1)
    expect(ada.wire.isOpen).toBe(true)
  })

  test.each<[string, NonNullable<ChannelDefinition['join']>, string]>([
    ['rejects', () => Promise.reject(new Error('secret reason')), 'handler_failed'],
    ['answers with what is no JSON', () => ({ big: 1n }) as never, 'handler_failed'],
    ['never finishes', () => new Promise(() => {}), 'handler_timeout'],
  ])('as its join %s, is a refused join that can be tried again', async (_what, broken, reason) => {
    let isBroken = true
    const channel = tracking({ join: (ctx, payload) => (isBroken ? broken(ctx, payload) : { fine: true }) })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic, {}, '1')
    await node.clock.advance(10_000)
    await ada.heard()
    isBroken = false
    await ada.join(topic, {}, '2')
    const all = ada.wire.writes.flat().map((frame) => JSON.parse(frame as string))
    expect(eventsIn(all)).toEqual(['phx_reply', 'phx_reply', 'presence_state'])
    expect(repliesIn(all)).toEqual([
      ['1', 'error', expect.objectContaining({ reason })],
      ['2', 'ok', { fine: true }],
    ])
  })
})

describe('[S-13] other failures of the application are contained as well', () => {
  const FAILURES: readonly [string, () => never | Promise<never>, string][] = [
    [
      'throws',
      () => {
        throw new Error('secret reason')
      },
      'handler_failed',
    ],
    [
      'throws what cannot be looked at',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        throw proxy
      },
      'handler_failed',
    ],
    ['rejects with nothing', () => Promise.reject(), 'handler_failed'],
    ['never finishes', () => new Promise(() => {}), 'handler_timeout'],
  ]

  test.each(FAILURES)('an `unhandled` that %s', async (_what, broken, reason) => {
    const node = new TestNode({ channels: [tracking({ unhandled: () => broken() })] })
    const ada = await joined(node, 'ada')
    ada.say(['j', '1', topic, 'whatever', {}])
    await node.clock.advance(10_000)
    expect(repliesIn(await ada.heard())).toEqual([['1', 'error', expect.objectContaining({ reason })]])
    expect(node.log.of('error')).toMatchObject([{ context: { topic, event: 'whatever', code: reason } }])
    expect(ada.wire.isOpen).toBe(true)
  })

  test.each(FAILURES)('a middleware that %s', async (_what, broken, reason) => {
    const calls = [
      ['join', ['k', 'k', 'room:2', 'phx_join', {}]],
      ['event', ['j', '1', topic, 'ping', {}]],
      ['update', ['j', '2', topic, 'presence_update', { meta: { n: 2 } }]],
      ['patch', ['j', '3', topic, 'presence_patch', { patch: { n: 2 } }]],
    ] as const
    let isBroken = false
    const channel = tracking({
      middleware: [(_ctx, _call, next) => (isBroken ? broken() : next())],
      handlers: { ping: () => ({ pong: true }) },
    })
    const node = new TestNode({ channels: [channel], handlerTimeoutMs: 1000 })
    const ada = await joined(node, 'ada')
    isBroken = true
    for (const [, frame] of calls) ada.say(frame)
    await node.clock.advance(10_000)
    const replies = repliesIn(await ada.heard())
    expect(replies.map(([ref, status, { reason: told }]) => [ref, status, told])).toEqual(
      expect.arrayContaining(calls.map(([, [, ref]]) => [ref, 'error', reason])),
    )
    expect(JSON.stringify(replies)).not.toContain('secret')
    expect(node.log.of('error').map(({ context }) => context.event)).toEqual(
      expect.arrayContaining(['join', 'ping', 'update', 'patch']),
    )
    expect(await node.registry.list(topic)).toMatchObject([{ key: 'ada', meta: {} }])
  })
})

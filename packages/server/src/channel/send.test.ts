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
import { TestNode } from '../testing-support/test-node'
import type { ChannelContext } from './channel-context'
import type { Handler } from './channel-definition'

describe('a channel’s message', () => {
  const handlers: Record<string, Handler> = {
    tell_me: (ctx, payload) => ctx.push('told', payload),
    tell_all: (ctx, payload) => ctx.broadcast('told', payload),
    tell_others: (ctx, payload) => ctx.broadcastFrom('told', payload),
    show_me: (ctx) => ctx.pushState(),
  }

  test.each([
    ['tell_me', ['told'], []],
    ['tell_all', ['told'], ['told']],
    ['tell_others', [], ['told']],
    ['show_me', ['presence_state'], []],
  ])('with %s reaches its recipients', async (event, mine, theirs) => {
    const node = new TestNode({ channels: [withHandlers(handlers)] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    const heard = eventsIn(await ada.ask(['j', '1', topic, event, { n: 1 }]))
    expect(heard.filter((one) => one !== 'phx_reply')).toEqual(mine)
    expect(eventsIn(await bob.heard())).toEqual(theirs)
  })

  test('[S-21] to a session that it closes is the pending reply, and then the reason', async () => {
    const kick: Handler = (ctx) => {
      ctx.close('kicked')
      ctx.push('told', {})
      return { heard: true }
    }
    const node = new TestNode({ channels: [withHandlers({ kick })] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    expect(await ada.ask(['j', '1', topic, 'kick', {}])).toEqual([
      ['j', '1', topic, 'phx_reply', { status: 'ok', response: { heard: true } }],
      ['j', 'j', topic, 'phx_close', { reason: 'kicked' }],
    ])
    await node.clock.advance(300)
    expect(await bob.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ reason: 'kicked' }] }],
    ])
  })

  test('[S-21] to a session that it closes during a slow handler waits for the reply, and later messages are refused', async () => {
    const wait = gated()
    let ctx: ChannelContext | undefined
    const slow: Handler = async (context) => {
      ctx = context
      await wait.opened
      return { late: true }
    }
    const node = new TestNode({ channels: [withHandlers({ slow })] })
    const ada = await joined(node, 'ada')
    ada.say(['j', '1', topic, 'slow', {}], ['j', '2', topic, 'slow', {}])
    expect(await ada.heard()).toEqual([])
    ctx?.close('kicked')
    await node.clock.advance(300)
    // Its presence leaves at once, even during a handler.
    expect(await node.registry.list(topic)).toEqual([])
    expect(await ada.heard()).toEqual([])
    wait.open()
    expect(
      (await ada.heard()).map(([, ref, , event, body]) => [ref, event, body.status ?? body.reason]),
    ).toEqual([
      ['1', 'phx_reply', 'ok'],
      ['j', 'phx_close', 'kicked'],
      ['2', 'phx_reply', 'error'],
    ])
  })

  test('to a session that it closes without a pending reply is the reason, at once', async () => {
    const contexts: ChannelContext[] = []
    const node = new TestNode({ channels: [tracking({ join: (ctx) => void contexts.push(ctx) })] })
    const ada = await joined(node, 'ada')
    contexts[0]?.close('kicked')
    expect(await ada.heard()).toEqual([['j', 'j', topic, 'phx_close', { reason: 'kicked' }]])
  })

  test('assigns are shared by the channels of a session, and by nobody else', async () => {
    const channel = tracking({ join: (ctx) => ({ seen: [...ctx.assigns.set(ctx.topic, true).keys()] }) })
    const node = new TestNode({ channels: [channel] })
    const [ada, bob] = [await node.native('ada'), await node.native('bob')]
    await ada.join('room:1')
    expect(repliesIn(await ada.join('room:2'))).toEqual([['j', 'ok', { seen: ['room:1', 'room:2'] }]])
    await node.clock.advance(300)
    expect(repliesIn(await bob.join('room:2'))).toEqual([['j', 'ok', { seen: ['room:2'] }]])
  })
})

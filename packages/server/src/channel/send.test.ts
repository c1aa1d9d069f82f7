import { describe, expect, test } from 'vitest'
import { eventsIn, joined, repliesIn, topic, tracking, withHandlers } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import type { Handler } from './define-channel'

describe('what a channel sends', () => {
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
  ])('with %s reaches whom it is meant for', async (event, mine, theirs) => {
    const node = new TestNode({ channels: [withHandlers(handlers)] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    const heard = eventsIn(await ada.ask(['j', '1', topic, event, { n: 1 }]))
    expect(heard.filter((one) => one !== 'phx_reply')).toEqual(mine)
    expect(eventsIn(await bob.heard())).toEqual(theirs)
  })

  test('to a session that it puts out is the last, with the reason', async () => {
    const kick: Handler = (ctx) => {
      ctx.close('kicked')
      ctx.push('told', {})
      return { unheard: true }
    }
    const node = new TestNode({ channels: [withHandlers({ kick })] })
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    const frames = await ada.ask(['j', '1', topic, 'kick', {}])
    expect(frames[0]).toEqual(['j', 'j', topic, 'phx_close', { reason: 'kicked' }])
    expect(eventsIn(frames)).not.toContain('told')
    await node.clock.advance(300)
    expect(await bob.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { leaves: [{ reason: 'kicked' }] }],
    ])
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

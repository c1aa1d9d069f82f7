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
import { refuse } from './reply'

describe('a second join of the same topic', () => {
  test('[S-3] keeps the presence with an update, without leave and join', async () => {
    const node = new TestNode()
    const watcher = await joined(node, 'watcher')
    const ada = await node.native('ada')
    await ada.join(topic, { meta: { n: 1 } }, '1')
    await node.clock.advance(300)
    await watcher.heard()
    await ada.heard()
    const frames = await ada.join(topic, { meta: { n: 2 } }, '2')
    expect(eventsIn(frames)).toEqual(['phx_reply', 'phx_close', 'presence_state'])
    expect(frames[1]).toEqual(['1', '1', topic, 'phx_close', expect.objectContaining({ reason: 'replaced' })])
    await node.clock.advance(300)
    expect(await watcher.heard()).toMatchObject([
      [null, null, topic, 'presence_diff', { joins: [], leaves: [], updates: [{ meta: { n: 2 }, rev: 1 }] }],
    ])
  })

  test('that tracks nobody ends the earlier presence', async () => {
    let isFirst = true
    const channel = tracking({
      join: (ctx) => {
        if (isFirst) ctx.track('ada', {})
        isFirst = false
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
  })

  test('that is refused ends the earlier presence and the membership', async () => {
    let isFirst = true
    const channel = tracking({
      join: (ctx) => {
        const reply = isFirst ? undefined : refuse('no')
        if (isFirst) ctx.track('ada', {})
        isFirst = false
        return reply
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
    expect(node.registry.topicCount).toBe(0)
  })

  describe('[S-21] gets its reply before the older one is closed', () => {
    const told = (frames: readonly unknown[][]) =>
      frames
        .filter(([, , , event]) => event !== 'presence_state')
        .map(
          ([joinRef, , , event, body]) => `${joinRef} ${event} ${(body as { status?: string }).status ?? ''}`,
        )

    /** A join finishes when the test releases it, and is refused if its payload asks for that. */
    async function open() {
      const waits = new Map<unknown, ReturnType<typeof gated>>()
      const channel = tracking({
        join: async (_ctx, payload) => {
          const wait = gated()
          waits.set(payload.name, wait)
          await wait.opened
          return payload.name === 'refused' ? refuse('no') : undefined
        },
      })
      const node = new TestNode({ channels: [channel] })
      const ada = await node.native('ada')
      await ada.join(topic, { name: 'first' }, '1')
      const decide = async (name: string) => {
        waits.get(name)?.open()
        await node.clock.advance(300)
        return told(await ada.heard())
      }
      await decide('first')
      return { node, ada, decide }
    }

    test.each(['accepted', 'refused'])('%s', async (name) => {
      const { ada, decide } = await open()
      expect(await ada.join(topic, { name }, '2')).toEqual([])
      const status = name === 'accepted' ? 'ok' : 'error'
      expect(await decide(name)).toEqual([`2 phx_reply ${status}`, '1 phx_close '])
    })

    test('or replaced in its turn', async () => {
      const { ada, decide } = await open()
      await ada.join(topic, { name: 'second' }, '2')
      expect(told(await ada.join(topic, { name: 'third' }, '3'))).toEqual(['1 phx_close '])
      expect(await decide('third')).toEqual(['3 phx_reply ok', '2 phx_close '])
      expect(await decide('second')).toEqual([])
    })

    test('or left again', async () => {
      const { ada, decide } = await open()
      await ada.join(topic, { name: 'second' }, '2')
      const frames = await ada.ask(['2', '3', topic, 'phx_leave', {}])
      expect(told(frames)).toEqual(['1 phx_close ', '2 phx_reply ok', '2 phx_close '])
      expect(await decide('second')).toEqual([])
    })
  })

  test('[S-5] that is still being decided when a newer one comes changes nothing of the newer one', async () => {
    const decide: (() => void)[] = []
    const channel = tracking({
      join: async (ctx, payload) => {
        if (payload.tracks) ctx.track(ctx.identity.id, {})
        else await new Promise<void>((resolve) => decide.push(resolve))
        return payload.tracks ? undefined : refuse('too late')
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    await ada.join(topic, { tracks: true }, '1')
    await ada.join(topic, {}, '2')
    await ada.join(topic, { tracks: true }, '3')
    await node.clock.advance(300)
    await ada.heard()
    for (const resolve of decide) resolve()
    await node.clock.advance(300)
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toHaveLength(1)
  })

  test('[S-5] refuses messages of the earlier join and handles those of the newer one', async () => {
    const node = new TestNode({ channels: [withHandlers({ ping: () => ({ pong: true }) })] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    expect(repliesIn(await ada.ask(['1', 'a', topic, 'ping', {}]))).toEqual([
      ['a', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
    expect(repliesIn(await ada.ask(['2', 'b', topic, 'ping', {}]))).toEqual([['b', 'ok', { pong: true }]])
    expect(repliesIn(await ada.ask([2, 'c', topic, 'ping', {}]))).toEqual([['c', 'ok', { pong: true }]])
    expect(repliesIn(await ada.ask([null, 'd', topic, 'ping', {}]))).toEqual([['d', 'ok', { pong: true }]])
  })

  test('[S-5] is not affected by a leave of the earlier join', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    expect(repliesIn(await ada.ask(['1', 'a', topic, 'phx_leave', {}]))).toEqual([['a', 'ok', {}]])
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toHaveLength(1)
  })

  test('[S-5] is not affected by handlers of the earlier join that still run', async () => {
    const contexts: ChannelContext[] = []
    const channel = tracking({
      join: (ctx) => {
        contexts.push(ctx)
        ctx.track(ctx.identity.id, { join: contexts.length })
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada', '1')
    await ada.join(topic, {}, '2')
    await ada.heard()
    const earlier = contexts[0]!
    expect(earlier.track('ada', { late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.update({ late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.patch({ late: true })).toMatchObject({ ok: false, fault: { code: 'not_joined' } })
    expect(earlier.untrack()).toBe(false)
    earlier.push('late', {})
    earlier.pushState()
    earlier.close('kicked')
    expect(await ada.heard()).toEqual([])
    expect(await node.registry.list(topic)).toMatchObject([{ key: 'ada', meta: { join: 2 } }])
  })
})

import { describe, expect, test } from 'vitest'
import { eventsIn, gated, joined, repliesIn, topic, tracking } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import { refuse } from './reply'

describe('[S-1] a join', () => {
  test('receives a reply, then a state that contains the joiner, and no diff before it', async () => {
    const node = new TestNode()
    const ada = await node.native('ada')
    const frames = await ada.join(topic, { meta: { status: 'online' } })
    expect(frames).toEqual([
      ['j', 'j', topic, 'phx_reply', { status: 'ok', response: {} }],
      [
        null,
        null,
        topic,
        'presence_state',
        expect.objectContaining({
          presences: [expect.objectContaining({ key: 'ada', meta: { status: 'online' }, rev: 0 })],
        }),
      ],
    ])
  })

  test('of fifty clients at once causes a reply and a state for each, and one diff for those present', async () => {
    const node = new TestNode()
    const watcher = await joined(node, 'watcher')
    const crowd = await Promise.all(Array.from({ length: 50 }, (_, i) => node.native(`k${i}`)))
    for (const peer of crowd) peer.say(['j', 'j', topic, 'phx_join', {}])
    for (const peer of crowd) {
      const frames = await peer.heard()
      expect(eventsIn(frames)).toEqual(['phx_reply', 'presence_state'])
      expect(frames[1][4].presences).toHaveLength(51)
    }
    const told = await watcher.heard()
    expect(eventsIn(told)).toEqual(['presence_diff'])
    expect(told[0][4].joins).toHaveLength(50)
  })

  test('gets the channel’s return value as the response', async () => {
    const node = new TestNode({ channels: [tracking({ join: async () => ({ seats: 8 }) })] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic))).toEqual([['j', 'ok', { seats: 8 }]])
  })

  test('that is refused gets the reason, and leaves neither presence nor channel', async () => {
    const leaves: string[] = []
    const channel = tracking({
      join: (ctx) => {
        ctx.track('ada', {})
        return refuse('room_full', { seats: 8 })
      },
      leave: (_ctx, reason) => void leaves.push(reason),
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'room_full', seats: 8 })],
    ])
    expect(await node.registry.list(topic)).toEqual([])
    expect(repliesIn(await ada.ask([null, '2', topic, 'say', {}]))).toEqual([
      ['2', 'error', expect.objectContaining({ reason: 'not_joined' })],
    ])
  })

  test('of a topic that no channel serves is refused', async () => {
    const node = new TestNode({ channels: [tracking()] })
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join('chat:1'))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'unmatched_topic' })],
    ])
  })

  test('of a channel without presence gets a reply and no presence', async () => {
    const node = new TestNode({ channels: [tracking({ presence: false })] })
    const ada = await node.native('ada')
    expect(eventsIn(await ada.join(topic))).toEqual(['phx_reply'])
    node.registry.track('bot', topic, 'bot', {})
    node.registry.broadcast(topic, 'message', {})
    await node.clock.advance(300)
    expect(eventsIn(await ada.heard())).toEqual(['message'])
  })

  test('whose channel pushes the state itself gets one state, after the reply', async () => {
    const wait = gated()
    const channel = tracking({
      join: async (ctx) => {
        ctx.track(ctx.identity.id, {})
        ctx.pushState()
        await wait.opened
      },
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await node.native('ada')
    expect(await ada.join(topic)).toEqual([])
    node.registry.broadcast(topic, 'message', {})
    expect(await ada.heard()).toEqual([])
    wait.open()
    await node.clock.advance(300)
    expect(eventsIn(await ada.heard())).toEqual(['phx_reply', 'presence_state'])
  })

  test('[S-9] above a session’s limit of topics is refused with the limit', async () => {
    const node = new TestNode({ limits: { channelsPerSession: 2 } })
    const ada = await node.native('ada')
    for (const name of ['room:1', 'room:2']) await ada.join(name)
    await node.clock.advance(300)
    expect(repliesIn(await ada.join('room:3'))).toEqual([
      ['j', 'error', expect.objectContaining({ limit: 'channelsPerSession', max: 2, actual: 3 })],
    ])
    expect(repliesIn(await ada.join('room:2', {}, 'again'))).toEqual([['again', 'ok', {}]])
    await ada.ask([null, '1', 'room:1', 'phx_leave', {}])
    expect(repliesIn(await ada.join('room:3'))).toEqual([['j', 'ok', {}]])
  })
})

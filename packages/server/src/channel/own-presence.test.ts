import { describe, expect, test } from 'vitest'
import { eventsIn, joined, repliesIn, topic, tracking } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import { refuse } from './reply'

describe('presence from the client', () => {
  test('[S-3] an update and a patch change the session’s own, and arrive as updates', async () => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta: { a: 1, b: 1 } }]))).toEqual([
      ['1', 'ok', {}],
    ])
    expect(repliesIn(await ada.ask(['j', '2', topic, 'presence_patch', { patch: { b: null } }]))).toEqual([
      ['2', 'ok', {}],
    ])
    await node.clock.advance(300)
    const diffs = (await bob.heard()).map(([, , , , diff]) => diff)
    for (const diff of diffs) expect(diff).toMatchObject({ joins: [], leaves: [] })
    expect(diffs.at(-1).updates).toMatchObject([{ meta: { a: 1 } }])
  })

  test('is refused without a presence', async () => {
    const node = new TestNode({ channels: [tracking({ join: () => undefined })] })
    const ada = await joined(node, 'ada')
    for (const [event, payload] of [
      ['presence_update', { meta: {} }],
      ['presence_patch', { patch: {} }],
    ]) {
      expect(repliesIn(await ada.ask(['j', '1', topic, event, payload]))).toEqual([
        ['1', 'error', expect.objectContaining({ reason: 'not_tracked' })],
      ])
    }
  })

  test('[S-16] is refused above the limit, with the limit, and stays unchanged', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    const meta = { a: 'x'.repeat(300) }
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta }]))).toEqual([
      [
        '1',
        'error',
        expect.objectContaining({ limit: 'metaBytes', max: 256, actual: 308, option: 'limits.metaBytes' }),
      ],
    ])
    expect(await node.registry.list(topic)).toMatchObject([{ meta: {}, rev: 0 }])
  })

  test('goes through the middleware, which may refuse it', async () => {
    const calls: string[] = []
    const channel = tracking({
      middleware: [
        (_ctx, call, next) => {
          calls.push(call.kind)
          return call.kind === 'update' ? refuse('no') : next()
        },
      ],
    })
    const node = new TestNode({ channels: [channel] })
    const ada = await joined(node, 'ada')
    expect(repliesIn(await ada.ask(['j', '1', topic, 'presence_update', { meta: { n: 1 } }]))).toEqual([
      ['1', 'error', expect.objectContaining({ reason: 'no' })],
    ])
    await ada.ask(['j', '2', topic, 'presence_patch', { patch: {} }])
    expect(calls).toEqual(['join', 'update', 'patch'])
  })

  test('[S-1] a sync gets its reply and then the state', async () => {
    const node = new TestNode()
    const ada = await joined(node, 'ada')
    const frames = await ada.ask(['j', '1', topic, 'presence_sync', {}])
    await node.clock.advance(300)
    expect(eventsIn([...frames, ...(await ada.heard())])).toEqual(['phx_reply', 'presence_state'])
  })
})

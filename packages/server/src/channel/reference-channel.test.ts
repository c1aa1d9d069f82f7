import { describe, expect, test } from 'vitest'
import { eventsIn, joined, repliesIn, topic } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'

describe('the reference channel', () => {
  test('sends any event to everybody, unchanged', async () => {
    const node = new TestNode()
    const [ada, bob] = [await joined(node, 'ada'), await joined(node, 'bob')]
    await ada.heard()
    for (const payload of [{ text: 'hi' }, [1], 'text', 0, null]) {
      await ada.ask(['j', '1', topic, 'constructor', payload])
      expect(await bob.heard()).toEqual([[null, null, topic, 'constructor', payload]])
    }
  })

  test.each([[[]], ['text'], [5]])('refuses to join with a meta of %j', async (meta) => {
    const node = new TestNode()
    const ada = await node.native('ada')
    expect(repliesIn(await ada.join(topic, { meta }))).toEqual([
      ['j', 'error', expect.objectContaining({ reason: 'invalid_message' })],
    ])
  })

  test('[S-14] tracks under the identity, for any name that the client sends', async () => {
    const node = new TestNode()
    const ada = await node.native('ada')
    await ada.join(topic, { key: 'root', user: 'root', meta: { key: 'root' } })
    expect((await node.registry.list(topic)).map(({ key }) => key)).toEqual(['ada'])
  })

  test('[S-10] works for topics and users with the names of prototypes', async () => {
    const node = new TestNode()
    for (const name of ['__proto__', 'constructor']) {
      const peer = await node.native(name)
      const frames = await peer.join(name, { meta: JSON.parse('{"__proto__":{"a":1}}') })
      expect(eventsIn(frames)).toEqual(['phx_reply', 'presence_state'])
      expect(JSON.stringify(frames[1][4].presences)).toContain('"meta":{"__proto__":{"a":1}}')
    }
  })
})

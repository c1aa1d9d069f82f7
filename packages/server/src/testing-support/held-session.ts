import { type Peer, TestNode, type TestNodeOptions } from './test-node'

const topic = 'room:lobby'
export const GRACE_MS = 10_000

export interface Hello {
  readonly token: string
  readonly session: string
  readonly resumed: boolean
}

export async function hello(peer: Pick<Peer, 'ask'>, token?: string, instance?: string): Promise<Hello> {
  const frames = await peer.ask([null, 'h', 'rollcall', 'hello', { token, instance }])
  const reply = frames.find(([, ref]) => ref === 'h')
  return reply[4].response
}

export async function opened(options: TestNodeOptions = {}) {
  const node = new TestNode(options)
  const watcher = await node.native('watcher')
  await watcher.join(topic)
  const ada = await node.native('ada')
  const { token, session } = await hello(ada)
  await ada.join(topic, { meta: { n: 1 } })
  await node.clock.advance(300)
  await watcher.heard()
  await ada.heard()
  const seen = async () => {
    await node.clock.advance(300)
    return (await watcher.heard()).map(([, , , , diff]) => diff)
  }
  const keys = async () => (await node.registry.list(topic)).map(({ key }) => key)
  return { node, watcher, ada, token, session, seen, keys }
}

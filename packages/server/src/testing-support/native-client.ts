import { type ChannelDefinition, defineChannel, type Handler } from '../channel/channel-definition'
import type { Peer, TestNode } from './test-node'

export const topic = 'room:lobby'

/** The replies among native frames, as `[ref, status, response]`. */
export function repliesIn(frames: readonly unknown[][]) {
  return frames
    .filter(([, , , event]) => event === 'phx_reply')
    .map(([, ref, , , payload]) => {
      const { status, response } = payload as { status: string; response: Record<string, unknown> }
      return [ref, status, response] as const
    })
}

/** The event names of native frames. */
export function eventsIn(frames: readonly unknown[][]): unknown[] {
  return frames.map(([, , , event]) => event)
}

/** A channel that tracks each member under the id of its identity. */
export function tracking(some: Partial<ChannelDefinition> = {}): ChannelDefinition {
  return defineChannel({
    topicPattern: 'room:*',
    join: (ctx, payload) => {
      ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
    },
    ...some,
  })
}

export function withHandlers(handlers: Record<string, Handler>): ChannelDefinition {
  return tracking({ handlers })
}

/** A native client that has joined the topic and received everything so far. */
export async function joined(node: TestNode, userId: string, ref = 'j'): Promise<Peer> {
  const peer = await node.native(userId)
  await peer.join(topic, {}, ref)
  await node.clock.advance(300)
  await peer.heard()
  return peer
}

/** A promise that the test resolves. */
export function gated() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

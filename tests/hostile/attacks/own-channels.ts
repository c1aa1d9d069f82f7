import { type ChannelDefinition, defineChannel, refuse } from '@rollcall/server'

const never = new Promise<never>(() => {})

export interface OwnChannelsOptions {
  /** Makes a topic a room of thousands. */
  fill(topic: string): void
}

/** Rooms where people may only read, one that is closed, broken ones, and one of thousands that others look at. */
export const ownChannels = ({ fill }: OwnChannelsOptions): readonly ChannelDefinition[] => [
  defineChannel({
    topicPattern: 'news:*',
    authorize: () => ({ readOnly: true }),
    join: (ctx, payload) => {
      ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
    },
    handlers: { new_msg: (ctx, payload) => ctx.broadcast('new_msg', payload) },
  }),
  defineChannel({
    topicPattern: 'closed:*',
    authorize: () => refuse('members_only'),
  }),
  defineChannel({ topicPattern: 'large:*', observable: true, join: (ctx) => fill(ctx.topic) }),
  defineChannel({ topicPattern: 'broken:never', join: () => never }),
  defineChannel({
    topicPattern: 'broken:*',
    handlers: {
      throws: () => {
        throw new Error('The secret is 1234.')
      },
      rejects: () => Promise.reject(new Error('The secret is 1234.')),
      circular: () => {
        const value: Record<string, unknown> = {}
        value.value = value
        return value as never
      },
      hangs: () => never,
    },
  }),
]

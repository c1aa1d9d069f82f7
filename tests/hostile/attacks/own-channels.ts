import { type ChannelDefinition, defineChannel, refuse } from '@rollcall/server'

const never = new Promise<never>(() => {})

/** A room like those of `rollcall serve`, one where people may only read, one that is closed, and a broken one. */
export const ownChannels: readonly ChannelDefinition[] = [
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

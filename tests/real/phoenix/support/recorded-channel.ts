import { defineChannel, phoenixState, refuse, refuseWith, type TrackResult } from '@rollcall/server'
import { field, isJsonObject, type Payload } from '@rollcall/shared-protocol'

/**
 * The channel of the Phoenix server that the recordings were made with, on Rollcall: it tracks the joiner under `user`
 * (or the connect param `user_id`) with `meta` and `online_at`, and handles the same events.
 */
export const recordedChannel = defineChannel({
  topicPattern: 'room:*',

  join(ctx, payload) {
    const deny = field(payload, 'deny')
    if (typeof deny === 'string') return refuse(deny)
    const user = String(field(payload, 'user') ?? ctx.params.get('user_id') ?? '')
    ctx.assigns.set('user', user)
    if (field(payload, 'track') === false) return undefined
    return refusalOf(ctx.track(user, { ...objectOf(field(payload, 'meta')), online_at: '1' }))
  },

  handlers: {
    new_msg: (ctx, payload) => ctx.broadcast('new_msg', payload),
    echo: (_ctx, payload) => payload,
    update_meta(ctx, payload) {
      const patched = ctx.patch(objectOf(payload))
      return patched.ok ? phxRefOf(patched) : refuse(':nopresence')
    },
    leave_presence: (ctx) => void ctx.untrack(),
    track_presence(ctx, payload) {
      const tracked = ctx.track(String(ctx.assigns.get('user')), { ...objectOf(payload), online_at: '1' })
      return tracked.ok ? phxRefOf(tracked) : refuseWith(tracked.fault)
    },
    presence_list: async (ctx) => phoenixState(await ctx.list()),
    fail: () => refuse('no_way', { because: 'it said so' }),
    silent: () => new Promise<never>(() => {}),
    crash: () => {
      throw new Error('It was told to.')
    },
    stop: (ctx) => ctx.close('left'),
    // There, the server puts every socket of that id out; here, a channel puts out of one topic.
    kick_all: (ctx) => ctx.close('kicked'),
    whisper: (ctx, payload) => ctx.push('whispered', payload),
    shout: (ctx, payload) => ctx.broadcastFrom('shouted', payload),
  },
})

function refusalOf(tracked: TrackResult) {
  return tracked.ok ? undefined : refuseWith(tracked.fault)
}

/** What Phoenix's channel answered a `Presence.track` or `update` with. */
function phxRefOf({ presence }: TrackResult & { ok: true }) {
  const [entry] = Object.values(phoenixState([presence])) as { metas: { phx_ref: string }[] }[]
  return { phx_ref: entry?.metas[0]?.phx_ref ?? '' }
}

function objectOf(payload: Payload | undefined) {
  return isJsonObject(payload) ? payload : {}
}

/** Event names of the protocol. Events of applications cannot begin with `phx_`. */
export const PHX = {
  join: 'phx_join',
  leave: 'phx_leave',
  reply: 'phx_reply',
  close: 'phx_close',
  error: 'phx_error',
  heartbeat: 'heartbeat',
} as const

export const PRESENCE = {
  state: 'presence_state',
  diff: 'presence_diff',
  update: 'presence_update',
  patch: 'presence_patch',
  sync: 'presence_sync',
} as const

/** Presence events of Vix. */
export const VIX_PRESENCE = {
  join: 'presence.join',
  leave: 'presence.leave',
  list: 'presence.list',
  system: 'presence.system',
  online: 'presence.online',
  offline: 'presence.offline',
  current: 'presence.current',
  error: 'presence.error',
} as const

const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  ...Object.values(PRESENCE),
  ...Object.values(VIX_PRESENCE),
])

/**
 * Prefixes of reserved names: `phx_` of Phoenix's and zzz's clients, and `chan_reply_`, the event under which phoenix.js
 * delivers the reply to a push.
 */
const RESERVED_PREFIXES = ['phx_', 'chan_reply_']

/**
 * Whether the clients of any dialect interpret this event as the protocol's. A stranger who could send one could forge
 * presence, or the reply to another client's push. All other names are free: Phoenix programs have events such as
 * `presence_list`, which no client interprets. (P-15)
 */
export function isReservedEvent(event: string): boolean {
  return RESERVED_EVENTS.has(event) || RESERVED_PREFIXES.some((prefix) => event.startsWith(prefix))
}

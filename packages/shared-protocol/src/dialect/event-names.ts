/** Event names of the protocol. An application's own begin otherwise. */
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

/** Presence as Vix spells it. */
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

const PRESENCE_EVENTS: ReadonlySet<string> = new Set([
  ...Object.values(PRESENCE),
  ...Object.values(VIX_PRESENCE),
])

/**
 * Whether an event name belongs to the protocol, in whatever dialect: a stranger who could push one would forge
 * presence for those who speak it. No more names than these: Phoenix programs have events such as `presence_list`.
 * (P-15)
 */
export function isReservedEvent(event: string): boolean {
  return event.startsWith('phx_') || PRESENCE_EVENTS.has(event)
}

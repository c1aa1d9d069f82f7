/** What people say of themselves; `away` also when a device has been idle. */
export const STATUSES = ['online', 'away', 'busy'] as const
export type Status = (typeof STATUSES)[number]

export const STATUS_LABELS: Record<Status, string> = { online: 'Online', away: 'Away', busy: 'Busy' }

export function isStatus(value: unknown): value is Status {
  return (STATUSES as readonly unknown[]).includes(value)
}

/**
 * One person's status from all their devices. Busy is a wish, so one device is enough; away is an absence, so it
 * takes all of them.
 */
export function mergeStatuses(statuses: readonly Status[]): Status {
  if (statuses.includes('busy')) return 'busy'
  return statuses.length > 0 && statuses.every((status) => status === 'away') ? 'away' : 'online'
}

/** What a device tells: the status that was chosen, save that an idle device of somebody online is away. */
export function deviceStatus(chosen: Status, isIdle: boolean): Status {
  return chosen === 'online' && isIdle ? 'away' : chosen
}

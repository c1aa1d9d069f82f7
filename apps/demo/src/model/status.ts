/** The status that a person chose; also `away` after a device has been idle. */
export const STATUSES = ['online', 'away', 'busy'] as const
export type Status = (typeof STATUSES)[number]

export const STATUS_LABELS: Record<Status, string> = { online: 'Online', away: 'Away', busy: 'Busy' }

export function isStatus(value: unknown): value is Status {
  return (STATUSES as readonly unknown[]).includes(value)
}

/**
 * Combines the status of all devices of a person: busy if one device is busy, away if all devices are away.
 */
export function mergeStatuses(statuses: readonly Status[]): Status {
  if (statuses.includes('busy')) return 'busy'
  return statuses.length > 0 && statuses.every((status) => status === 'away') ? 'away' : 'online'
}

/** The status of a device: the chosen one, but `away` for an idle device of an online person. */
export function deviceStatus(chosen: Status, isIdle: boolean): Status {
  return chosen === 'online' && isIdle ? 'away' : chosen
}

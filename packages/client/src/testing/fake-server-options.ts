import {
  checkNameText,
  DEFAULT_LIMITS,
  isReservedEvent,
  type Key,
  type Limits,
} from '@rollcall/shared-protocol'
import { checkOptionNames } from '../arguments'
import { invalidArgument } from '../errors'

export interface FakeServerOptions {
  /** Who a client is. @default its param `user_id`, else `guest-1`, `guest-2`, … */
  readonly identify?: (params: URLSearchParams) => Key
  /**
   * How long credentials last, as clients are told, in milliseconds; null for ever. Nothing ends by itself: see
   * {@link FakeServer.expire}. @default null
   */
  readonly expiresInMs?: number | null
  /** Limits that differ from a server's default ones. */
  readonly limits?: Partial<Limits>
}

/** Refuses what can't have been meant, as a socket does, with `invalid_argument`. */
export function resolveFakeServerOptions(options: FakeServerOptions): FakeServerOptions {
  const names = { identify: true, expiresInMs: true, limits: true } satisfies Record<
    keyof FakeServerOptions,
    true
  >
  checkOptionNames('', options, names)
  const { identify, limits = {}, expiresInMs = null } = options
  checkOptionNames('limits.', limits, DEFAULT_LIMITS)
  const numbers = Object.entries({ ...limits, expiresInMs: expiresInMs ?? 0 })
  for (const [name, value] of numbers) {
    if (typeof value === 'number' && value >= 0) continue
    throw invalidArgument(`The option ${name} must be a number of at least 0, not ${String(value)}.`)
  }
  if (identify === undefined || typeof identify === 'function') return options
  throw invalidArgument(`The option identify must be a function, not ${String(identify)}.`)
}

/** Throws `invalid_argument` for an event name that a server refuses from an application. (C-49) */
export function refuseEvent(event: unknown): void {
  if (typeof event !== 'string' || event === '') {
    throw invalidArgument(`An event is named by a string that is not empty, not by ${JSON.stringify(event)}.`)
  }
  const unfit = checkNameText('The event name', event)
  if (unfit) throw invalidArgument(unfit.message)
  if (!isReservedEvent(event)) return
  throw invalidArgument(`The event "${event}" belongs to the protocol; to send such a frame, use sendRaw().`)
}

/** Throws `invalid_argument` for a key with a character that no name may have. Its length is not looked at. (C-49) */
export function refuseKey(key: Key): void {
  const unfit = checkNameText('The key', key)
  if (unfit) throw invalidArgument(unfit.message)
}

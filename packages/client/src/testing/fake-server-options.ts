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
  /** Returns the id of a client. @default its param `user_id`, else `guest-1`, `guest-2`, … */
  readonly identify?: (params: URLSearchParams) => Key
  /**
   * The lifetime of credentials that clients get, in milliseconds; null for no end. The fake server ends nothing by
   * itself: call {@link FakeServer.expire}. @default null
   */
  readonly expiresInMs?: number | null
  /** Limits that differ from a server's default ones. */
  readonly limits?: Partial<Limits>
}

/** Throws `invalid_argument` for unknown names and unusable values, as a socket does. */
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
export function checkEvent(event: unknown): void {
  if (typeof event !== 'string' || event === '') {
    throw invalidArgument(`The event name must be a string that is not empty, not ${JSON.stringify(event)}.`)
  }
  const unfit = checkNameText('The event name', event)
  if (unfit) throw invalidArgument(unfit.message)
  if (!isReservedEvent(event)) return
  throw invalidArgument(`The event "${event}" belongs to the protocol. To send such a frame, use sendRaw().`)
}

/** Throws `invalid_argument` for a key with a character that no name may have. Does not check its length. (C-49) */
export function checkKey(key: Key): void {
  const unfit = checkNameText('The key', key)
  if (unfit) throw invalidArgument(unfit.message)
}

import { DEFAULT_LIMITS, type Key, type Limits } from '@rollcall/shared-protocol'
import { invalidArgument } from '../errors'
import { refuseUnknown } from '../json-argument'

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
  refuseUnknown('', options, names)
  const { identify, limits = {}, expiresInMs = null } = options
  refuseUnknown('limits.', limits, DEFAULT_LIMITS)
  const numbers = Object.entries({ ...limits, expiresInMs: expiresInMs ?? 0 })
  for (const [name, value] of numbers) {
    if (typeof value === 'number' && value >= 0) continue
    throw invalidArgument(`The option ${name} must be a number of at least 0, not ${String(value)}.`)
  }
  if (identify === undefined || typeof identify === 'function') return options
  throw invalidArgument(`The option identify must be a function, not ${String(identify)}.`)
}

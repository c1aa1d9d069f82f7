import { type ClientDialect, phoenixV2ClientDialect, rollcallClientDialect } from '@rollcall/shared-protocol'
import { checkOptionNames } from './arguments'
import { type Backoff, LONGEST_DELAY_MS } from './async/backoff'
import {
  type AuthToken,
  paramsAsStrings,
  type SocketParams,
  tokenSubprotocolOf,
} from './credentials/credentials'
import { invalidArgument } from './errors'
import { type Clock, type Random, systemClock, systemRandom } from './io/clock'
import { type NetworkHints, systemNetworkHints } from './io/network-hints'
import { systemTabStorage, type TabStorage } from './io/session-storage'
import type { OpenTransport } from './io/transport'
import { openWebSocket } from './io/websocket-transport'

export type { SocketParams } from './credentials/credentials'

/** The dialect that the server speaks. */
export type SocketDialect = 'rollcall' | 'phoenix'

/** Options of a {@link Socket}. Times are in milliseconds. */
export interface SocketOptions {
  /**
   * Credentials for the server's `authenticate`, sent in the address: an object, or a function. The client calls the
   * function for every connection, and again before the credentials expire. @default {}
   */
  readonly params?: SocketParams | (() => SocketParams | Promise<SocketParams>) | undefined
  /**
   * A secret for the server's `authenticate` that must not be in the address: a string, or a function that is called
   * like that of `params`. It is sent as a subprotocol, as Phoenix's own client does, or in a refresh, and nowhere else.
   * @default null, for none
   */
  readonly authToken?: AuthToken | undefined
  /**
   * The server's dialect: `phoenix` for a real Phoenix server.
   * @default 'rollcall'
   */
  readonly dialect?: SocketDialect | undefined
  /** Longest wait for the reply to a join, a leave, a push, an update or a refresh. @default 10000 */
  readonly timeoutMs?: number | undefined
  /** Longest wait for a connection, from its start (with `params`) to the server's reply to hello. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** Silence of the server after which the client sends a heartbeat. @default 15000 */
  readonly heartbeatIntervalMs?: number | undefined
  /** Silence after a heartbeat after which the client gives the connection up. @default 10000 */
  readonly heartbeatTimeoutMs?: number | undefined
  /** Pauses between attempts, with full jitter: `random(0, min(capMs, baseMs * 2^failures))`. */
  readonly backoff?: Partial<Backoff> | undefined
  /** Most pushes that wait for a join, in all channels together. One more is rejected. @default 100 */
  readonly maxQueuedPushes?: number | undefined
  /** Least time between two sends of `presence.update` and `presence.patch`. The latest wins. @default 100 */
  readonly updateIntervalMs?: number | undefined
  /**
   * The storage of the session's secret, which resumes the session after a reload so that others do not see the reload.
   * Null for none. @default the tab's sessionStorage, except in an iframe
   */
  readonly sessionStorage?: TabStorage | null | undefined
  /** For tests. @default the system's */
  readonly clock?: Clock | undefined
  /** For tests. @default a WebSocket through isomorphic-ws */
  readonly transport?: OpenTransport | undefined
  /** For tests: a number from 0, below 1. @default Math.random */
  readonly random?: Random | undefined
  /** For tests, and for environments that know more than a browser. @default those of the page or worker */
  readonly networkHints?: NetworkHints | undefined
}

export type ResolvedSocketOptions = {
  readonly [K in Exclude<keyof SocketOptions, 'backoff'>]-?: Exclude<SocketOptions[K], undefined>
} & { readonly backoff: Backoff }

export const DEFAULT_SOCKET_OPTIONS: ResolvedSocketOptions = {
  params: {},
  authToken: null,
  dialect: 'rollcall',
  timeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  heartbeatIntervalMs: 15_000,
  heartbeatTimeoutMs: 10_000,
  backoff: { baseMs: 500, capMs: 8_000 },
  maxQueuedPushes: 100,
  updateIntervalMs: 100,
  sessionStorage: null,
  clock: systemClock,
  transport: openWebSocket,
  random: systemRandom,
  networkHints: systemNetworkHints,
}

/** Adds the defaults. Throws `invalid_argument` for unknown names and unusable values. */
export function resolveSocketOptions(options: SocketOptions = {}): ResolvedSocketOptions {
  checkOptionNames('', options, DEFAULT_SOCKET_OPTIONS)
  const { backoff: backoffOptions = {} } = options
  checkOptionNames('backoff.', backoffOptions, DEFAULT_SOCKET_OPTIONS.backoff)
  const backoff = { ...DEFAULT_SOCKET_OPTIONS.backoff, ...definedOf(backoffOptions) }
  const sessionStorage = options.sessionStorage === undefined ? systemTabStorage() : options.sessionStorage
  const resolved: ResolvedSocketOptions = {
    ...DEFAULT_SOCKET_OPTIONS,
    ...definedOf(options),
    sessionStorage,
    backoff,
  }

  const { params } = resolved
  if (typeof params !== 'function') paramsAsStrings(params)
  if (typeof resolved.authToken !== 'function') tokenSubprotocolOf(resolved.authToken)
  if (resolved.dialect !== 'rollcall' && resolved.dialect !== 'phoenix') {
    throw invalidArgument(
      `The option dialect must be "rollcall" or "phoenix", not ${describe(resolved.dialect)}.`,
    )
  }
  for (const name of [
    'timeoutMs',
    'connectTimeoutMs',
    'heartbeatIntervalMs',
    'heartbeatTimeoutMs',
  ] as const) {
    requireNumber(name, resolved[name], 1, LONGEST_DELAY_MS)
  }
  for (const [name, methods] of Object.entries(METHODS)) {
    const value: unknown = resolved[name as keyof typeof METHODS]
    if (name === 'sessionStorage' && value === null) continue
    const has = (method: string) => typeof (value as Record<string, unknown> | null)?.[method] === 'function'
    if (methods.every(has)) continue
    throw invalidArgument(`The option ${name} must have the functions ${methods.join(', ')}.`)
  }
  for (const name of ['transport', 'random'] as const) {
    if (typeof resolved[name] === 'function') continue
    throw invalidArgument(`The option ${name} must be a function, not ${describe(resolved[name])}.`)
  }
  requireNumber('updateIntervalMs', resolved.updateIntervalMs, 0, LONGEST_DELAY_MS)
  requireNumber('backoff.baseMs', backoff.baseMs, 1, LONGEST_DELAY_MS)
  requireNumber('backoff.capMs', backoff.capMs, backoff.baseMs, LONGEST_DELAY_MS)
  requireNumber('maxQueuedPushes', resolved.maxQueuedPushes, 0, Number.MAX_SAFE_INTEGER)
  return resolved
}

/** The functions that an option must have. */
const METHODS = {
  sessionStorage: ['getItem', 'setItem', 'removeItem'],
  clock: ['now', 'after'],
  networkHints: ['isOnline', 'watch'],
} as const

function requireNumber(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  throw invalidArgument(
    `The option ${name} must be a number from ${least} to ${most}, not ${describe(value)}.`,
  )
}

function definedOf<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> }
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** The dialects by the option's value. The rest of the client asks only for capabilities, never for the name. */
export const CLIENT_DIALECTS: Readonly<Record<SocketDialect, ClientDialect>> = {
  rollcall: rollcallClientDialect,
  phoenix: phoenixV2ClientDialect,
}

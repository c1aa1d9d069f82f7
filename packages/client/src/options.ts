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

/** Which kind of server a socket speaks to. */
export type SocketDialect = 'rollcall' | 'phoenix'

/** Options of a {@link Socket}. Times are in milliseconds. */
export interface SocketOptions {
  /**
   * Who we are, for the server's `authenticate`: an object, or a function that is called anew for every connection,
   * and before what it gave is over, so that a token is always fresh. @default {}
   */
  readonly params?: SocketParams | (() => SocketParams | Promise<SocketParams>) | undefined
  /**
   * A secret that proves who we are, where it must not be in the address: a text, or a function that is called as that
   * of `params` is. It goes out as a subprotocol, as that of Phoenix's own client does, or as a refresh, and nowhere else.
   * @default null, for none
   */
  readonly authToken?: AuthToken | undefined
  /**
   * What the server speaks: `phoenix` for a real Phoenix server, whose channels and presence then work as ours do.
   * @default 'rollcall'
   */
  readonly dialect?: SocketDialect | undefined
  /** For the answer to a join, a leave, a push, an update or a refresh. @default 10000 */
  readonly timeoutMs?: number | undefined
  /** For a connection, from its start (`params` included) to the server's answer to hello. @default 10000 */
  readonly connectTimeoutMs?: number | undefined
  /** After that much silence from the server a heartbeat is sent. @default 15000 */
  readonly heartbeatIntervalMs?: number | undefined
  /** Silence after a heartbeat that counts as a dead connection. @default 10000 */
  readonly heartbeatTimeoutMs?: number | undefined
  /** Waits between tries, with full jitter: `random(0, min(capMs, baseMs * 2^failures))`. */
  readonly backoff?: Partial<Backoff> | undefined
  /** Pushes that wait for their channel to be joined, over all channels; one more is refused. @default 100 */
  readonly maxQueuedPushes?: number | undefined
  /** Least time between two sends of `presence.update` and `presence.patch`; the latest wins. @default 100 */
  readonly updateIntervalMs?: number | undefined
  /**
   * Where the session's secret is kept for a reload of the page, so that others do not see it; null for nowhere.
   * @default the tab's sessionStorage, if there; an iframe has none
   */
  readonly sessionStorage?: TabStorage | null | undefined
  /** For tests. @default the system's */
  readonly clock?: Clock | undefined
  /** For tests. @default a WebSocket through isomorphic-ws */
  readonly transport?: OpenTransport | undefined
  /** For tests: a number from 0, below 1. @default Math.random */
  readonly random?: Random | undefined
  /** For tests, and for environments that know more than a browser does. @default those of the page or worker */
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

/** The options with their defaults. Throws `invalid_argument` for what can't have been meant. */
export function resolveSocketOptions(options: SocketOptions = {}): ResolvedSocketOptions {
  checkOptionNames('', options, DEFAULT_SOCKET_OPTIONS)
  const { backoff: given = {} } = options
  checkOptionNames('backoff.', given, DEFAULT_SOCKET_OPTIONS.backoff)
  const backoff = { ...DEFAULT_SOCKET_OPTIONS.backoff, ...definedOf(given) }
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

/** What of an option that is an object is called. */
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
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> }
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** The dialect by the option's name. Past this line nobody asks which one it is, only what it can do. */
export const CLIENT_DIALECTS: Readonly<Record<SocketDialect, ClientDialect>> = {
  rollcall: rollcallClientDialect,
  phoenix: phoenixV2ClientDialect,
}

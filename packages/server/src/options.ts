import type { Server as HttpServer } from 'node:http'
import { checkName, DEFAULT_LIMITS, type Limits, type Topic } from '@rollcall/shared-protocol'
import { type AdmissionOptions, DEFAULT_ADMISSION } from './admission/admission-options'
import type { TrustProxy } from './admission/client-address'
import type { AllowedOrigins } from './admission/origins'
import type { ChannelDefinition } from './channel/channel-definition'
import { referenceChannel } from './channel/channel-definition'
import { checkOptions, type OptionsOf } from './check-options'
import type { HeartbeatOptions } from './connection/heartbeat'
import type { OutboxOptions } from './connection/outbox'
import { ServerError } from './errors'
import { DEFAULT_HTTP, type HttpOptions } from './http/http-server'
import type { LongPollOptions } from './http/longpoll'
import type { Authenticate } from './identity/identity'
import { type Clock, LONGEST_DELAY_MS, systemClock } from './io/clock'
import type { CompressionOptions } from './io/packet'
import { type RandomSource, systemRandom } from './io/random'
import { DEFAULT_PAGE_POLICY } from './io/security-headers'
import { defaultLogger, type Logger } from './log'
import { DEFAULT_FLUSH, type FlushOptions } from './presence/flush-machine'
import { DEFAULT_HISTORY, type HistoryOptions } from './presence/history'
import { checkRates, DEFAULT_RATES, type RatesOptions } from './rate-limit/rates'
import {
  DEFAULT_COMPRESSION,
  DEFAULT_GRACE,
  DEFAULT_HEARTBEAT,
  DEFAULT_LONG_POLL,
  DEFAULT_OUTBOX,
  SERVER_OPTION_TYPES,
} from './resolve-options'
import type { GraceOptions } from './session/sessions'
import type { Store } from './store/store'

/** How a server is set up. Every limit, interval and bound has a default that is fit for production. */
export interface ServerOptions {
  /** Port to listen on; 0 for any free one. Not used with `server`. @default 9090 */
  readonly port?: number
  /** Address to listen on. Not used with `server`. @default '127.0.0.1' */
  readonly host?: string
  /** An HTTP server of your own to attach to, instead of listening. Its other requests and upgrades stay yours. */
  readonly server?: HttpServer
  /** What to do with which topics. @default one that opens every topic */
  readonly channels?: readonly ChannelDefinition[]
  /** Who is connecting. Without it everybody is anonymous, which production refuses unless `allowAnonymous` is set. */
  readonly authenticate?: Authenticate
  /** Serve people who nobody vouched for, in production too. @default false */
  readonly allowAnonymous?: boolean
  /**
   * `development` believes the connect param `user_id` and the names that Vix clients say.
   * @default 'development' on a loopback address where NODE_ENV is development, test or unset, else 'production'
   */
  readonly mode?: 'development' | 'production'
  /**
   * Which sites' pages may connect: origins such as `'https://app.example.com'`, `'https://*.example.com'` for any name
   * under it, `'*'` for all; or a function. Programs, which say no origin, are not asked.
   * @default any in development; in production the site of the same host
   */
  readonly allowedOrigins?: AllowedOrigins
  /**
   * Whose `X-Forwarded-For` is believed: addresses and networks of proxies, `'loopback'`, `'linklocal'`,
   * `'uniquelocal'`; or a function. @default nobody's
   */
  readonly trustProxy?: TrustProxy
  /** How many may connect, and how fast. */
  readonly admission?: Partial<AdmissionOptions>
  /** Bounds on what clients send. @default DEFAULT_LIMITS */
  readonly limits?: Partial<Limits>
  /** How fast one connection may send; `false` for a rate without bound. */
  readonly rates?: Partial<RatesOptions>
  readonly heartbeat?: Partial<HeartbeatOptions>
  /** How long a session is kept for a client that has lost its connection. */
  readonly grace?: Partial<GraceOptions>
  readonly flush?: Partial<FlushOptions>
  /** How much of the topics' past is kept. */
  readonly history?: Partial<HistoryOptions>
  /**
   * Authority for presences and their order. Servers that share its data are one presence system, and a session goes on
   * at any of them. @default a MemoryStore of its own
   */
  readonly store?: Store
  /** Changes to presences that may wait for a store that cannot be reached. @default 10000 */
  readonly maxQueuedChanges?: number
  /** Time that the store has to find a session that was begun on another node, in milliseconds. @default 2000 */
  readonly resumeTimeoutMs?: number
  /**
   * Time that the store has to tell who joins what is in the topic, in milliseconds. Past it the join is refused with
   * `store_unavailable`, and a client tries again. @default 5000
   */
  readonly storeTimeoutMs?: number
  /** @default pino, warnings and errors to standard error */
  readonly logger?: Logger
  /** Time that a join or a handler has, in milliseconds. @default 10000 */
  readonly handlerTimeoutMs?: number
  /** Messages of one channel that may wait for the one before them. @default 64 */
  readonly maxWaitingMessages?: number
  /** Time that `authenticate` has, in milliseconds. @default 10000 */
  readonly authenticateTimeoutMs?: number
  /** What may wait for a reader that is slow. */
  readonly outbox?: Partial<OutboxOptions>
  /** Large messages are compressed (permessage-deflate) for clients that take it; `false` for never. */
  readonly compression?: Partial<CompressionOptions> | false
  /** Time that a peer has to answer a close, in milliseconds. @default 2000 */
  readonly closeTimeoutMs?: number
  /** Phoenix's transport for clients that can have no WebSocket. */
  readonly longPoll?: Partial<LongPollOptions>
  /** Bounds of the HTTP server. With `server` most of them are that server's own. */
  readonly http?: Partial<HttpOptions>
  /** Topic of the clients whose dialect names none (Vix), unless their query says `topic`. @default 'room:lobby' */
  readonly implicitTopic?: Topic
  /** A folder of static files that browsers are given at `/`. */
  readonly page?: string
  /** Bytes of the page's files, which are read once and kept. A larger folder is refused. @default 67108864 */
  readonly maxPageBytes?: number
  /**
   * The `Content-Security-Policy` of the page: what its files may load, and who may show it in a frame. `null` sends none.
   * @default the page's own files, connections to its own host, and no frames
   */
  readonly contentSecurityPolicy?: string | null
  /** For tests. @default systemClock */
  readonly clock?: Clock
  /** For tests. @default systemRandom */
  readonly random?: RandomSource
}

export interface ResolvedServerOptions
  extends Required<
    Omit<
      ServerOptions,
      'server' | 'authenticate' | 'mode' | 'store' | 'page' | 'compression' | 'allowedOrigins' | 'trustProxy'
    >
  > {
  readonly server: HttpServer | null
  readonly authenticate: Authenticate | null
  readonly mode: 'development' | 'production' | null
  readonly store: Store | null
  readonly page: string | null
  readonly allowedOrigins: AllowedOrigins | null
  readonly trustProxy: TrustProxy | null
  readonly admission: AdmissionOptions
  readonly rates: RatesOptions
  readonly http: HttpOptions
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly grace: GraceOptions
  readonly flush: FlushOptions
  readonly history: HistoryOptions
  readonly longPoll: LongPollOptions
  readonly outbox: OutboxOptions
  readonly compression: CompressionOptions | null
}

const OPTION_TYPES: OptionsOf<ServerOptions> = SERVER_OPTION_TYPES

/** Fills in the defaults. Throws `invalid_option` for names that are not known, and for what could never work. */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkOptions('', options, OPTION_TYPES)
  const resolved: ResolvedServerOptions = {
    port: options.port ?? 9090,
    host: options.host ?? '127.0.0.1',
    server: options.server ?? null,
    channels: options.channels ?? [referenceChannel],
    authenticate: options.authenticate ?? null,
    allowAnonymous: options.allowAnonymous ?? false,
    mode: options.mode ?? null,
    allowedOrigins: options.allowedOrigins ?? null,
    trustProxy: options.trustProxy ?? null,
    admission: { ...DEFAULT_ADMISSION, ...options.admission },
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    rates: { ...DEFAULT_RATES, ...options.rates },
    heartbeat: { ...DEFAULT_HEARTBEAT, ...options.heartbeat },
    grace: { ...DEFAULT_GRACE, ...options.grace },
    flush: { ...DEFAULT_FLUSH, ...options.flush },
    history: { ...DEFAULT_HISTORY, ...options.history },
    store: options.store ?? null,
    maxQueuedChanges: options.maxQueuedChanges ?? 10_000,
    resumeTimeoutMs: options.resumeTimeoutMs ?? 2000,
    storeTimeoutMs: options.storeTimeoutMs ?? 5000,
    logger: options.logger ?? defaultLogger(),
    handlerTimeoutMs: options.handlerTimeoutMs ?? 10_000,
    maxWaitingMessages: options.maxWaitingMessages ?? 64,
    authenticateTimeoutMs: options.authenticateTimeoutMs ?? 10_000,
    outbox: { ...DEFAULT_OUTBOX, ...options.outbox },
    compression: options.compression === false ? null : { ...DEFAULT_COMPRESSION, ...options.compression },
    closeTimeoutMs: options.closeTimeoutMs ?? 2000,
    longPoll: { ...DEFAULT_LONG_POLL, ...options.longPoll },
    http: { ...DEFAULT_HTTP, ...options.http },
    implicitTopic: options.implicitTopic ?? 'room:lobby',
    page: options.page ?? null,
    maxPageBytes: options.maxPageBytes ?? 67_108_864,
    contentSecurityPolicy:
      options.contentSecurityPolicy === undefined ? DEFAULT_PAGE_POLICY : options.contentSecurityPolicy,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
  if (!Number.isInteger(resolved.port) || resolved.port < 0 || resolved.port > 65_535) {
    throw new ServerError(
      'invalid_option',
      `port must be a whole number from 0 to 65535, not ${resolved.port}.`,
    )
  }
  if (options.server && (options.port !== undefined || options.host !== undefined)) {
    throw new ServerError(
      'invalid_option',
      'port and host cannot be combined with server: set them on the HTTP server that you attach to.',
    )
  }
  if (resolved.host.trim() === '') {
    throw new ServerError(
      'invalid_option',
      'host is empty, which would listen on every address. Leave it out for 127.0.0.1, or give 0.0.0.0 or :: for all.',
    )
  }
  if (resolved.channels.length === 0) {
    throw new ServerError('invalid_option', 'channels is empty: clients could not join any topic.')
  }
  for (const [group, values] of Object.entries(positiveNumbers(resolved))) {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'number' || !(value > 0))
        throw new ServerError('invalid_option', `${group}${name} must be a number above 0, not ${value}.`)
    }
  }
  if (resolved.flush.share > 1 || resolved.flush.floorMs > resolved.flush.ceilingMs) {
    throw new ServerError(
      'invalid_option',
      'flush.share must be at most 1, and flush.floorMs at most flush.ceilingMs.',
    )
  }
  checkRates(resolved.rates, resolved.limits)
  const { maxBytes, maxTotalBytes } = resolved.history
  if (maxBytes > maxTotalBytes) {
    throw new ServerError(
      'invalid_option',
      `history.maxTotalBytes is ${maxTotalBytes}; it must be at least history.maxBytes, which is ${maxBytes}.`,
    )
  }
  if (resolved.outbox.softLimitBytes > resolved.outbox.hardLimitBytes) {
    throw new ServerError('invalid_option', 'outbox.softLimitBytes must be at most outbox.hardLimitBytes.')
  }
  const level = resolved.compression?.level ?? 1
  if (!Number.isInteger(level) || level > 9) {
    throw new ServerError(
      'invalid_option',
      `compression.level must be a whole number from 1 to 9, not ${level}.`,
    )
  }
  if (!(resolved.grace.graceMs >= 0) || !(resolved.grace.pageGraceMs >= 0)) {
    throw new ServerError(
      'invalid_option',
      'grace.graceMs and grace.pageGraceMs must be numbers of at least 0.',
    )
  }
  for (const [name, delayMs] of Object.entries(timerDelays(resolved))) {
    if (delayMs > LONGEST_DELAY_MS)
      throw new ServerError(
        'invalid_option',
        `${name} is ${delayMs}, but a timer can wait at most ${LONGEST_DELAY_MS} milliseconds.`,
      )
  }
  if (resolved.mode !== null && resolved.mode !== 'development' && resolved.mode !== 'production') {
    throw new ServerError(
      'invalid_option',
      `mode must be "development" or "production", not ${JSON.stringify(resolved.mode)}.`,
    )
  }
  checkPolicy(resolved.contentSecurityPolicy)
  const topicFault = checkName('implicitTopic', resolved.implicitTopic, 'topicBytes', resolved.limits)
  if (topicFault) throw new ServerError('invalid_option', topicFault.message)
  return resolved
}

/** A header cannot carry a line end, and Node would fail on it with each answer. */
function checkPolicy(policy: unknown): void {
  if (policy === null || (typeof policy === 'string' && /^[\x20-\x7e]+$/.test(policy))) return
  throw new ServerError(
    'invalid_option',
    `contentSecurityPolicy must be one line of ASCII such as "default-src 'self'", or null for none, not ${JSON.stringify(policy)}.`,
  )
}

function timerDelays(options: ResolvedServerOptions): Record<string, number> {
  const { handlerTimeoutMs, authenticateTimeoutMs, closeTimeoutMs, resumeTimeoutMs, storeTimeoutMs } = options
  const { grace, longPoll, http } = options
  const { graceMs, pageGraceMs } = grace
  return {
    handlerTimeoutMs,
    authenticateTimeoutMs,
    closeTimeoutMs,
    resumeTimeoutMs,
    storeTimeoutMs,
    'longPoll.windowMs': longPoll.windowMs,
    'http.headersTimeoutMs': http.headersTimeoutMs,
    'http.requestTimeoutMs': http.requestTimeoutMs,
    'http.keepAliveTimeoutMs': http.keepAliveTimeoutMs,
    'http.upgradeTimeoutMs': http.upgradeTimeoutMs,
    'http.silenceTimeoutMs + longPoll.windowMs': http.silenceTimeoutMs + longPoll.windowMs,
    'grace.graceMs': graceMs,
    'grace.pageGraceMs': pageGraceMs,
  }
}

function positiveNumbers(options: ResolvedServerOptions): Record<string, Record<string, number>> {
  const { handlerTimeoutMs, maxWaitingMessages, authenticateTimeoutMs, closeTimeoutMs } = options
  const { maxQueuedChanges, resumeTimeoutMs, storeTimeoutMs, maxPageBytes } = options
  return {
    'admission.': { ...options.admission },
    'limits.': { ...options.limits },
    'heartbeat.': { ...options.heartbeat },
    'flush.': { ...options.flush },
    'history.': { ...options.history },
    'longPoll.': { ...options.longPoll },
    'http.': { ...options.http },
    'outbox.': { ...options.outbox },
    'compression.': { ...options.compression },
    '': {
      handlerTimeoutMs,
      maxWaitingMessages,
      authenticateTimeoutMs,
      closeTimeoutMs,
      maxQueuedChanges,
      resumeTimeoutMs,
      storeTimeoutMs,
      maxPageBytes,
    },
  }
}

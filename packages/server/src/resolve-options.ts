import { checkName, DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { DEFAULT_ADMISSION } from './admission/admission-options'
import { referenceChannel } from './channel/channel-definition'
import { checkOptions, type OptionsOf, type OptionType, optionNamesOf } from './check-options'
import type { HeartbeatOptions } from './connection/heartbeat'
import type { OutboxOptions } from './connection/outbox'
import { ServerError } from './errors'
import { DEFAULT_HTTP } from './http/http-server'
import type { LongPollOptions } from './http/longpoll'
import { LONGEST_DELAY_MS, systemClock } from './io/clock'
import type { CompressionOptions } from './io/packet'
import { systemRandom } from './io/random'
import { DEFAULT_PAGE_POLICY } from './io/security-headers'
import { defaultLogger } from './log'
import type { ResolvedServerOptions, ServerOptions } from './options'
import { DEFAULT_FLUSH } from './presence/flush-machine'
import { DEFAULT_HISTORY } from './presence/history'
import { RATE_TYPES } from './rate-limit/gcra'
import { checkRates, DEFAULT_RATES, type RatesOptions } from './rate-limit/rates'
import type { GraceOptions } from './session/sessions'

const DEFAULT_HEARTBEAT: HeartbeatOptions = { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 }
const DEFAULT_GRACE: GraceOptions = { graceMs: 10_000, pageGraceMs: 3000 }
const DEFAULT_OUTBOX: OutboxOptions = {
  softLimitBytes: 65_536,
  hardLimitBytes: 1_048_576,
  accountStateBytes: 33_554_432,
  stallTimeoutMs: 30_000,
}
const DEFAULT_COMPRESSION: CompressionOptions = { thresholdBytes: 1024, level: 4 }
const DEFAULT_LONG_POLL: LongPollOptions = {
  windowMs: 10_000,
  maxBodyBytes: 1_048_576,
  maxMessages: 1024,
  maxHeldBytes: 67_108_864,
}

const RATES = Object.fromEntries(
  Object.entries(DEFAULT_RATES).map(([name, rate]) => [
    name,
    typeof rate === 'object' ? [RATE_TYPES, 'anything'] : 'anything',
  ]),
) as unknown as Readonly<Record<keyof RatesOptions, OptionType>>

/** The types of all options. For `anything`, the resolver below checks the type together with the range. */
export const SERVER_OPTION_TYPES = {
  port: 'anything',
  host: 'string',
  server: 'object',
  channels: 'list',
  authenticate: 'function',
  allowAnonymous: 'boolean',
  mode: 'anything',
  allowedOrigins: ['string', 'list', 'function'],
  trustProxy: ['string', 'list', 'function'],
  admission: optionNamesOf(DEFAULT_ADMISSION),
  limits: optionNamesOf(DEFAULT_LIMITS),
  rates: RATES,
  heartbeat: optionNamesOf(DEFAULT_HEARTBEAT),
  grace: { graceMs: 'number', pageGraceMs: 'number' } satisfies OptionsOf<GraceOptions>,
  flush: optionNamesOf(DEFAULT_FLUSH),
  history: optionNamesOf(DEFAULT_HISTORY),
  store: 'object',
  maxQueuedChanges: 'number',
  resumeTimeoutMs: 'number',
  storeTimeoutMs: 'number',
  logger: 'object',
  handlerTimeoutMs: 'number',
  maxWaitingMessages: 'number',
  authenticateTimeoutMs: 'number',
  outbox: optionNamesOf(DEFAULT_OUTBOX),
  compression: [optionNamesOf(DEFAULT_COMPRESSION), 'false'],
  closeTimeoutMs: 'number',
  longPoll: optionNamesOf(DEFAULT_LONG_POLL),
  http: optionNamesOf(DEFAULT_HTTP),
  implicitTopic: 'string',
  page: 'string',
  maxPageBytes: 'number',
  contentSecurityPolicy: 'anything',
  clock: 'object',
  random: 'object',
} as const satisfies OptionsOf<ServerOptions>

/** Fills in the defaults. Throws `invalid_option` for unknown names and invalid values. */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkOptions('', options, SERVER_OPTION_TYPES)
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
    throw invalid(`port must be a whole number from 0 to 65535, not ${resolved.port}.`)
  }
  if (options.server && (options.port !== undefined || options.host !== undefined)) {
    throw invalid(
      'port and host cannot be combined with server: set them on the HTTP server that you attach to.',
    )
  }
  if (resolved.host.trim() === '') {
    throw invalid(
      'host is empty, which would listen on every address. Leave it out for 127.0.0.1, or give 0.0.0.0 or :: for all.',
    )
  }
  if (resolved.channels.length === 0) {
    throw invalid('channels is empty: clients could not join any topic.')
  }
  for (const [group, values] of Object.entries(positiveNumbers(resolved))) {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'number' || !(value > 0))
        throw invalid(`${group}${name} must be a number above 0, not ${value}.`)
    }
  }
  if (resolved.flush.share > 1 || resolved.flush.floorMs > resolved.flush.ceilingMs) {
    throw invalid('flush.share must be at most 1, and flush.floorMs at most flush.ceilingMs.')
  }
  checkRates(resolved.rates, resolved.limits)
  const { maxBytes, maxTotalBytes } = resolved.history
  if (maxBytes > maxTotalBytes) {
    throw invalid(
      `history.maxTotalBytes is ${maxTotalBytes}; it must be at least history.maxBytes, which is ${maxBytes}.`,
    )
  }
  if (resolved.outbox.softLimitBytes > resolved.outbox.hardLimitBytes) {
    throw invalid('outbox.softLimitBytes must be at most outbox.hardLimitBytes.')
  }
  const level = resolved.compression?.level ?? 1
  if (!Number.isInteger(level) || level > 9) {
    throw invalid(`compression.level must be a whole number from 1 to 9, not ${level}.`)
  }
  if (!(resolved.grace.graceMs >= 0) || !(resolved.grace.pageGraceMs >= 0)) {
    throw invalid('grace.graceMs and grace.pageGraceMs must be numbers of at least 0.')
  }
  for (const [name, delayMs] of Object.entries(timerDelays(resolved))) {
    if (delayMs > LONGEST_DELAY_MS)
      throw invalid(`${name} is ${delayMs}, but a timer can wait at most ${LONGEST_DELAY_MS} milliseconds.`)
  }
  if (resolved.mode !== null && resolved.mode !== 'development' && resolved.mode !== 'production') {
    throw invalid(`mode must be "development" or "production", not ${JSON.stringify(resolved.mode)}.`)
  }
  checkPolicy(resolved.contentSecurityPolicy)
  const topicFault = checkName('implicitTopic', resolved.implicitTopic, 'topicBytes', resolved.limits)
  if (topicFault) throw invalid(topicFault.message)
  return resolved
}

/** A header must not contain a line end: Node would throw in every response. */
function checkPolicy(policy: unknown): void {
  if (policy === null || (typeof policy === 'string' && /^[\x20-\x7e]+$/.test(policy))) return
  throw invalid(
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

function invalid(message: string): ServerError {
  return new ServerError('invalid_option', message)
}

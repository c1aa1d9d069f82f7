import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { namesOf, type OptionsOf, type OptionType } from './check-options'
import type { HeartbeatOptions } from './connection/heartbeat'
import type { OutboxOptions } from './connection/outbox'
import { DEFAULT_RATES, type RatesOptions } from './connection/rates'
import { DEFAULT_ADMISSION } from './door/admission-options'
import { RATE_TYPES } from './gcra'
import { DEFAULT_HTTP } from './http/http-server'
import type { LongPollOptions } from './http/longpoll'
import type { CompressionOptions } from './io/packet'
import { DEFAULT_FLUSH } from './presence/flush'
import { DEFAULT_HISTORY } from './presence/history'
import type { GraceOptions } from './session/sessions'

export const DEFAULT_HEARTBEAT: HeartbeatOptions = { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 }
export const DEFAULT_GRACE: GraceOptions = { graceMs: 10_000, pageGraceMs: 3000 }
export const DEFAULT_OUTBOX: OutboxOptions = {
  softLimitBytes: 65_536,
  hardLimitBytes: 1_048_576,
  accountStateBytes: 33_554_432,
  stallTimeoutMs: 30_000,
}
export const DEFAULT_COMPRESSION: CompressionOptions = { thresholdBytes: 1024, level: 4 }
export const DEFAULT_LONG_POLL: LongPollOptions = {
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

/** What each option of a server takes. Where it is anything, the resolver says what is wrong, with the range. */
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
  admission: namesOf(DEFAULT_ADMISSION),
  limits: namesOf(DEFAULT_LIMITS),
  rates: RATES,
  heartbeat: namesOf(DEFAULT_HEARTBEAT),
  grace: { graceMs: 'number', pageGraceMs: 'number' } satisfies OptionsOf<GraceOptions>,
  flush: namesOf(DEFAULT_FLUSH),
  history: namesOf(DEFAULT_HISTORY),
  store: 'object',
  maxQueuedChanges: 'number',
  resumeTimeoutMs: 'number',
  storeTimeoutMs: 'number',
  logger: 'object',
  handlerTimeoutMs: 'number',
  maxWaitingMessages: 'number',
  authenticateTimeoutMs: 'number',
  outbox: namesOf(DEFAULT_OUTBOX),
  compression: [namesOf(DEFAULT_COMPRESSION), 'false'],
  closeTimeoutMs: 'number',
  longPoll: namesOf(DEFAULT_LONG_POLL),
  http: namesOf(DEFAULT_HTTP),
  implicitTopic: 'string',
  page: 'string',
  maxPageBytes: 'number',
  contentSecurityPolicy: 'anything',
  clock: 'object',
  random: 'object',
} as const satisfies Readonly<Record<string, OptionType>>

import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { DEFAULT_ADMISSION } from './admission/admission-options'
import { type OptionsOf, type OptionType, optionNamesOf } from './check-options'
import type { HeartbeatOptions } from './connection/heartbeat'
import type { OutboxOptions } from './connection/outbox'
import { DEFAULT_HTTP } from './http/http-server'
import type { LongPollOptions } from './http/longpoll'
import type { CompressionOptions } from './io/packet'
import { DEFAULT_FLUSH } from './presence/flush-machine'
import { DEFAULT_HISTORY } from './presence/history'
import { RATE_TYPES } from './rate-limit/gcra'
import { DEFAULT_RATES, type RatesOptions } from './rate-limit/rates'
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
} as const satisfies Readonly<Record<string, OptionType>>

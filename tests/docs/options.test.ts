// The tables of options name every option, with its default.

import { existsSync, readFileSync } from 'node:fs'
import { DEFAULT_SOCKET_OPTIONS } from '@rollcall/client'
import type {
  AdmissionOptions,
  CompressionOptions,
  FlushOptions,
  GraceOptions,
  HeartbeatOptions,
  HistoryOptions,
  HttpOptions,
  LongPollOptions,
  OutboxOptions,
  RatesOptions,
  ServerOptions,
} from '@rollcall/server'
import { describe, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'
import { readDocument, tableUnder } from './markdown'

// An option that is missing here, or that is gone, does not compile.
const groups = {
  admission: {
    maxConnections: true,
    maxPerAddress: true,
    maxPerIdentity: true,
    maxPending: true,
    maxPendingPerAddress: true,
    handshakesPerSecond: true,
    handshakeBurst: true,
    handshakesPerSecondPerAddress: true,
    handshakeBurstPerAddress: true,
    requestsPerSecondPerAddress: true,
    requestBurstPerAddress: true,
  } satisfies Record<keyof AdmissionOptions, true>,
  rates: {
    messages: true,
    bytes: true,
    joins: true,
    updates: true,
    refreshes: true,
    abuse: true,
    guestsPerAddress: true,
  } satisfies Record<keyof RatesOptions, true>,
  http: {
    headersTimeoutMs: true,
    requestTimeoutMs: true,
    keepAliveTimeoutMs: true,
    silenceTimeoutMs: true,
    maxHeaderBytes: true,
    maxHeaders: true,
    maxPipelined: true,
    upgradeTimeoutMs: true,
  } satisfies Record<keyof HttpOptions, true>,
  heartbeat: { pingIntervalMs: true, pongTimeoutMs: true } satisfies Record<keyof HeartbeatOptions, true>,
  grace: { graceMs: true, pageGraceMs: true } satisfies Record<keyof GraceOptions, true>,
  flush: { floorMs: true, ceilingMs: true, share: true } satisfies Record<keyof FlushOptions, true>,
  history: { maxDiffs: true, maxBytes: true, maxTotalBytes: true } satisfies Record<
    keyof HistoryOptions,
    true
  >,
  outbox: {
    softLimitBytes: true,
    hardLimitBytes: true,
    accountStateBytes: true,
    stallTimeoutMs: true,
  } satisfies Record<keyof OutboxOptions, true>,
  compression: { thresholdBytes: true, level: true } satisfies Record<keyof CompressionOptions, true>,
  longPoll: {
    windowMs: true,
    maxBodyBytes: true,
    maxMessages: true,
    maxHeldBytes: true,
  } satisfies Record<keyof LongPollOptions, true>,
}
const serverOptions: Record<keyof ServerOptions, true> = {
  port: true,
  host: true,
  server: true,
  channels: true,
  authenticate: true,
  allowAnonymous: true,
  mode: true,
  allowedOrigins: true,
  trustProxy: true,
  admission: true,
  limits: true,
  rates: true,
  heartbeat: true,
  grace: true,
  flush: true,
  history: true,
  store: true,
  maxQueuedChanges: true,
  resumeTimeoutMs: true,
  storeTimeoutMs: true,
  logger: true,
  handlerTimeoutMs: true,
  maxWaitingMessages: true,
  authenticateTimeoutMs: true,
  outbox: true,
  compression: true,
  closeTimeoutMs: true,
  longPoll: true,
  http: true,
  implicitTopic: true,
  page: true,
  maxPageBytes: true,
  contentSecurityPolicy: true,
  clock: true,
  random: true,
}

/** Where the options are declared, each with its `@default`. */
const declarations = [
  'options.ts',
  'connection/heartbeat.ts',
  'rate-limit/rates.ts',
  'admission/admission-options.ts',
  'http/http-server.ts',
  'session/sessions.ts',
  'presence/flush-machine.ts',
  'presence/history.ts',
  'http/longpoll.ts',
  'connection/outbox.ts',
  'io/packet.ts',
]

/** Numbers and texts that are said to be defaults, by the option's own name. */
function declaredDefaults(): Map<string, string> {
  const defaults = new Map<string, string>()
  for (const file of declarations) {
    const path = at('packages/server/src', file)
    if (!existsSync(path)) throw new Error(`${path} is not there: where are its options declared now?`)
    const found = readFileSync(path, 'utf8').matchAll(
      /@default (\d[\d.]*|true|false|'[^']*'|\{[^}]*\})\s*(?:\*\/)\s*readonly (\w+)/g,
    )
    for (const [, value = '', name = ''] of found) defaults.set(name, value)
  }
  return defaults
}

const rowsOf = (path: string) =>
  new Map(
    tableUnder(readDocument(path), 'Options').map(([name = '', value = '']) => [
      name.replaceAll('`', ''),
      value.replaceAll('`', ''),
    ]),
  )

describe('docs/reference/server-options.md', () => {
  const rows = rowsOf('docs/reference/server-options.md')

  test('names each option', () => {
    const names = Object.keys(serverOptions).flatMap((name) =>
      name in groups
        ? Object.keys(groups[name as keyof typeof groups]).map((own) => `${name}.${own}`)
        : [name],
    )
    expect([...rows.keys()]).toEqual(names)
  })

  test('gives the default that the code declares', () => {
    const declared = declaredDefaults()
    expect(declared.size).toBeGreaterThan(15)
    for (const [name, value] of rows) {
      const own = declared.get(name.replace(/.*\./, ''))
      if (own !== undefined) expect(`${name}: ${value}`).toBe(`${name}: ${own}`)
    }
  })
})

describe('docs/reference/client-options.md', () => {
  test('names each option of a socket, with its default', () => {
    const { backoff, ...rest } = DEFAULT_SOCKET_OPTIONS
    const defaults = new Map<string, unknown>([
      ...Object.entries(rest),
      ['backoff.baseMs', backoff.baseMs],
      ['backoff.capMs', backoff.capMs],
    ])
    const rows = rowsOf('docs/reference/client-options.md')
    expect([...rows.keys()].sort()).toEqual([...defaults.keys()].sort())
    for (const [name, value] of defaults) {
      if (typeof value === 'number') expect(`${name}: ${rows.get(name)}`).toBe(`${name}: ${value}`)
    }
  })
})

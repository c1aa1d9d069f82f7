import { createServer } from 'node:http'
import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { DEFAULT_ADMISSION } from './admission/admission-options'
import { DEFAULT_HTTP } from './http/http-server'
import type { ServerOptions } from './options'
import { resolveServerOptions } from './resolve-options'

const refused = expect.objectContaining({ name: 'ServerError', code: 'invalid_option' })
const resolve = (options: unknown) => resolveServerOptions(options as ServerOptions)

describe('the defaults', () => {
  test('are the published ones', () => {
    expect(resolve({})).toMatchObject({
      port: 9090,
      host: '127.0.0.1',
      allowAnonymous: false,
      mode: null,
      allowedOrigins: null,
      trustProxy: null,
      admission: {
        maxConnections: 50_000,
        maxPerAddress: 256,
        maxPerIdentity: 64,
        maxPending: 1000,
        maxPendingPerAddress: 64,
        handshakesPerSecond: 1000,
        handshakeBurst: 10_000,
        handshakesPerSecondPerAddress: 20,
        handshakeBurstPerAddress: 512,
        requestsPerSecondPerAddress: 1000,
        requestBurstPerAddress: 5000,
      },
      rates: {
        messages: { perSecond: 100, burst: 500 },
        bytes: { perSecond: 131_072, burst: 1_048_576 },
        joins: { perSecond: 50, burst: 512 },
        updates: { perSecond: 20, burst: 60 },
        refreshes: { perSecond: 1, burst: 5 },
        abuse: { perSecond: 5, burst: 200 },
      },
      http: {
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        keepAliveTimeoutMs: 5000,
        silenceTimeoutMs: 30_000,
        maxHeaderBytes: 16_384,
        maxHeaders: 100,
      },
      limits: DEFAULT_LIMITS,
      heartbeat: { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 },
      grace: { graceMs: 10_000, pageGraceMs: 3000 },
      flush: { floorMs: 5, ceilingMs: 200, share: 0.05 },
      history: { maxDiffs: 256, maxBytes: 262_144, maxTotalBytes: 67_108_864 },
      handlerTimeoutMs: 10_000,
      maxWaitingMessages: 64,
      authenticateTimeoutMs: 10_000,
      outbox: { softLimitBytes: 65_536, hardLimitBytes: 1_048_576 },
      compression: { thresholdBytes: 1024, level: 4 },
      closeTimeoutMs: 2000,
      implicitTopic: 'room:lobby',
    })
  })

  test('of compression are none where it is turned off', () => {
    expect(resolve({ compression: false }).compression).toBeNull()
  })

  test('stay where only a part of a group is given', () => {
    const options = resolve({ limits: { metaBytes: 1024 }, heartbeat: { pongTimeoutMs: 5 }, port: 0 })
    expect(options.limits).toEqual({ ...DEFAULT_LIMITS, metaBytes: 1024 })
    expect(options.heartbeat).toEqual({ pingIntervalMs: 20_000, pongTimeoutMs: 5 })
    expect(options.port).toBe(0)
    expect(resolve({ compression: { level: 1 } }).compression).toEqual({ thresholdBytes: 1024, level: 1 })
  })
})

describe('[S-17] nonsense is refused when the server is made, with the option’s name and the value', () => {
  test.each([-1, 65_536, 1.5, Number.NaN, '9090', null])('port %j', (port) => {
    // null means: not given.
    if (port === null) expect(resolve({ port }).port).toBe(9090)
    else expect(() => resolve({ port })).toThrow(refused)
  })

  const groups: Record<string, string[]> = {
    admission: Object.keys(DEFAULT_ADMISSION),
    http: Object.keys(DEFAULT_HTTP),
    limits: Object.keys(DEFAULT_LIMITS),
    heartbeat: ['pingIntervalMs', 'pongTimeoutMs'],
    flush: ['floorMs', 'ceilingMs', 'share'],
    history: ['maxDiffs', 'maxBytes', 'maxTotalBytes'],
    longPoll: ['windowMs', 'maxBodyBytes', 'maxMessages', 'maxHeldBytes'],
    outbox: ['softLimitBytes', 'hardLimitBytes'],
    compression: ['thresholdBytes', 'level'],
  }
  const names = Object.entries(groups).flatMap(([group, all]) => all.map((name) => [group, name] as const))

  test.each(names)('%s.%s', (group, name) => {
    for (const value of [0, -1, Number.NaN, '10', undefined, {}]) {
      const make = () => resolve({ [group]: { [name]: value } })
      expect(make).toThrow(refused)
      expect(make).toThrow(`${group}.${name} must be a number above 0, not ${value}`)
    }
  })

  test.each(['handlerTimeoutMs', 'maxWaitingMessages', 'authenticateTimeoutMs', 'closeTimeoutMs'])(
    '%s',
    (name) => {
      for (const value of [0, -1, Number.NaN, '10']) expect(() => resolve({ [name]: value })).toThrow(refused)
    },
  )

  test.each(['handlerTimeoutMs', 'authenticateTimeoutMs', 'closeTimeoutMs'])(
    '%s longer than a timer can wait, which would fire at once',
    (name) => {
      expect(() => resolve({ [name]: 2 ** 31 })).toThrow(refused)
      expect(() => resolve({ [name]: Number.POSITIVE_INFINITY })).toThrow(refused)
      expect(resolve({ [name]: 2 ** 31 - 1 })).toMatchObject({ [name]: 2 ** 31 - 1 })
    },
  )

  test.each([
    ['a share of more than the whole', { flush: { share: 1.1 } }],
    ['a floor above the ceiling', { flush: { floorMs: 300 } }],
    ['a soft limit above the hard one', { outbox: { softLimitBytes: 2, hardLimitBytes: 1 } }],
    ['a level that zlib has not', { compression: { level: 10 } }],
    ['a history of one topic above that of all', { history: { maxBytes: 2, maxTotalBytes: 1 } }],
    ['half a level', { compression: { level: 1.5 } }],
    ['a negative grace', { grace: { graceMs: -1 } }],
    ['a grace that is no number', { grace: { pageGraceMs: Number.NaN } }],
    ['a grace longer than a timer can wait', { grace: { graceMs: 2 ** 31 } }],
    ['headers that may take longer than a timer can wait', { http: { headersTimeoutMs: 2 ** 31 } }],
    ['no channels', { channels: [] }],
    ['a mode that is none', { mode: 'prod' }],
    ['an implicit topic that is too long', { implicitTopic: 't'.repeat(129) }],
    ['an implicit topic with a line break', { implicitTopic: 'room:\n' }],
    ['a port with a server of one’s own', { server: createServer(), port: 9090 }],
    ['a host with a server of one’s own', { server: createServer(), host: '::' }],
    ['an empty host', { host: '' }],
    ['a blank host', { host: ' ' }],
  ])('%s', (_what, options) => {
    expect(() => resolve(options)).toThrow(refused)
  })

  test.each(['messages', 'bytes', 'joins', 'updates', 'refreshes', 'abuse'])('rates.%s', (name) => {
    for (const rate of [
      { perSecond: 0, burst: 1 },
      { perSecond: 1, burst: 0 },
      { perSecond: 1 },
      { burst: 1 },
      { perSecond: '1', burst: 1 },
      { perSecond: Number.NaN, burst: 1 },
      true,
      7,
      null,
      undefined,
    ]) {
      expect(() => resolve({ rates: { [name]: rate } })).toThrow(refused)
      expect(() => resolve({ rates: { [name]: rate } })).toThrow(`rates.${name} must be`)
    }
    expect(resolve({ rates: { [name]: false } }).rates).toMatchObject({ [name]: false })
    const limits = { frameBytes: 1 }
    expect(resolve({ limits, rates: { [name]: { perSecond: 1, burst: 1 } } }).rates.abuse).toBeDefined()
  })

  test('rates.bytes has room for a message of limits.frameBytes', () => {
    const limits = { frameBytes: 2000 }
    const bytes = (burst: number) => ({ limits, rates: { bytes: { perSecond: 1, burst } } })
    expect(() => resolve(bytes(1999))).toThrow(refused)
    expect(() => resolve(bytes(1999))).toThrow(
      'rates.bytes.burst is 1999; it must be at least limits.frameBytes, which is 2000.',
    )
    expect(() => resolve({ limits: { frameBytes: 2_000_000 } })).toThrow('rates.bytes.burst')
    expect(resolve(bytes(2000)).limits.frameBytes).toBe(2000)
    expect(resolve({ limits, rates: { bytes: false } }).rates.bytes).toBe(false)
  })

  test('an admission without bound is one', () => {
    const admission = { maxConnections: Number.POSITIVE_INFINITY }
    expect(resolve({ admission }).admission.maxConnections).toBe(Number.POSITIVE_INFINITY)
  })

  test('a grace of 0 is none, and no nonsense', () => {
    expect(resolve({ grace: { graceMs: 0, pageGraceMs: 0 } }).grace.graceMs).toBe(0)
  })
})

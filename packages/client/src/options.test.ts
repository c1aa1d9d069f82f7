import { describe, expect, test } from 'vitest'
import { CLIENT_DIALECTS } from './client-dialect'
import { readCredentials } from './credentials'
import { addressWith, resolveEndpoint } from './endpoint'
import { DEFAULT_SOCKET_OPTIONS, resolveSocketOptions, type SocketOptions } from './options'

const invalid = (option: string) =>
  expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(option) })

describe('socket options', () => {
  test('have defaults, also for what is given as undefined', () => {
    expect(resolveSocketOptions()).toEqual(DEFAULT_SOCKET_OPTIONS)
    expect(resolveSocketOptions({ timeoutMs: undefined, backoff: { baseMs: undefined } as never })).toEqual(
      DEFAULT_SOCKET_OPTIONS,
    )
    expect(resolveSocketOptions({ backoff: { capMs: 1_000 } }).backoff).toEqual({ baseMs: 500, capMs: 1_000 })
  })

  test.each<[string, SocketOptions]>([
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['connectTimeoutMs', { connectTimeoutMs: -1 }],
    // Timers take 31 bits and fire at once for more.
    ['heartbeatIntervalMs', { heartbeatIntervalMs: 2 ** 31 }],
    ['heartbeatTimeoutMs', { heartbeatTimeoutMs: '5' as never }],
    ['updateIntervalMs', { updateIntervalMs: -1 }],
    ['backoff.baseMs', { backoff: { baseMs: 0 } }],
    ['backoff.capMs', { backoff: { baseMs: 500, capMs: 100 } }],
    ['maxQueuedPushes', { maxQueuedPushes: -1 }],
    ['params', { params: null as never }],
    ['authToken', { authToken: '' }],
    ['authToken', { authToken: ['very.secret'] as never }],
    ['authToken', { authToken: 'very.secret ключ' }],
    ['dialect', { dialect: 'phoenix-v2' as never }],
    ['timeout', { timeout: 5_000 } as never],
    ['backoff.base', { backoff: { base: 5 } as never }],
  ])('refuse nonsense: %s in %o', (name, options) => {
    expect(() => resolveSocketOptions(options)).toThrow(invalid(name))
  })
})

describe('the address', () => {
  test.each([
    ['ws://localhost:9090/socket', 'ws://localhost:9090/socket'],
    ['http://localhost:9090/socket', 'ws://localhost:9090/socket'],
    ['https://example.com/socket?a=1#part', 'wss://example.com/socket?a=1'],
  ])('%s leads to %s', (given, expected) => {
    expect(resolveEndpoint(given).href).toBe(expected)
  })

  test.each(['', 'nonsense', '/socket', 'ftp://example.com/socket'])('refuses %j', (given) => {
    expect(() => resolveEndpoint(given)).toThrow(invalid('address'))
  })

  test.each([
    ['ws://x/socket', 'ws://x/socket/websocket?vsn=2.0.0'],
    ['ws://x/live/socket?a=1', 'ws://x/live/socket/websocket?a=1&vsn=2.0.0'],
    ['ws://x/socket/websocket', 'ws://x/socket/websocket?vsn=2.0.0'],
    ['ws://x/socket/', 'ws://x/socket/websocket?vsn=2.0.0'],
    ['ws://x/live/ws', 'ws://x/live/ws/websocket?vsn=2.0.0'],
    ['ws://x/', 'ws://x/websocket?vsn=2.0.0'],
  ])('[C-24] of a Phoenix server, %s leads to %s', (given, expected) => {
    expect(resolveEndpoint(given, CLIENT_DIALECTS.phoenix).href).toBe(expected)
    expect(resolveEndpoint(given, CLIENT_DIALECTS.rollcall).href).toBe(given)
  })

  test('takes the params into its query, and leaves out what is null', async () => {
    const endpoint = resolveEndpoint('ws://x/socket?a=1&b=2')
    const { params } = await readCredentials({
      params: { b: 'ä&', c: 3, d: true, e: null, f: undefined },
      authToken: null,
    })
    expect(addressWith(endpoint, params).href).toBe('ws://x/socket?a=1&b=%C3%A4%26&c=3&d=true')
    expect(endpoint.href).toBe('ws://x/socket?a=1&b=2')
  })
})

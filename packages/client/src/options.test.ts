import { afterEach, describe, expect, test, vi } from 'vitest'
import { addressWith, resolveEndpoint } from './connection/endpoint'
import { readCredentials, tokenSubprotocolOf } from './credentials/credentials'
import { CLIENT_DIALECTS, DEFAULT_SOCKET_OPTIONS, resolveSocketOptions, type SocketOptions } from './options'

const invalid = (option: string) =>
  expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(option) })

afterEach(() => vi.unstubAllGlobals())

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
    expect(addressWith(resolveEndpoint(given), new Map())).toBe(expected)
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
    expect(addressWith(resolveEndpoint(given, CLIENT_DIALECTS.phoenix), new Map())).toBe(expected)
    expect(addressWith(resolveEndpoint(given, CLIENT_DIALECTS.rollcall), new Map())).toBe(given)
  })

  test('takes the params into its query, and leaves out what is null', async () => {
    const endpoint = resolveEndpoint('ws://x/socket?a=1&b=2')
    const { params } = await readCredentials({
      params: { b: 'ä&', c: 3, d: true, e: null, f: undefined },
      authToken: null,
    })
    expect(addressWith(endpoint, params)).toBe('ws://x/socket?a=1&b=%C3%A4%26&c=3&d=true')
    expect(addressWith(endpoint, new Map())).toBe('ws://x/socket?a=1&b=2')
  })

  test.each([
    ['a name given again', 'ws://x/s?a=1&b=2&a=3', 'ws://x/s?b=2&a=0'],
    ['what is encoded', 'ws://x/s?n%20m=%26+%C3%A4&c', 'ws://x/s?n%20m=%26%20%C3%A4&c=&a=0'],
    ['what is no encoding', 'ws://x/s?n=100%', 'ws://x/s?n=100%25&a=0'],
  ])('keeps its own query: %s', (_what, given, expected) => {
    expect(addressWith(resolveEndpoint(given), new Map([['a', '0']]))).toBe(expected)
  })

  test('[C-40] is built without the setters of URL, which React Native lacks', () => {
    class NativeURL {
      readonly href: string
      constructor(address: string) {
        // It appends a slash to every address without one, and refuses nothing.
        this.href = address.endsWith('/') ? address : `${address}/`
      }
      get searchParams(): never {
        throw new Error('URLSearchParams.set is not implemented')
      }
      get pathname(): never {
        throw new Error('URL.pathname is not implemented')
      }
    }
    vi.stubGlobal('URL', NativeURL)
    vi.stubGlobal('URLSearchParams', undefined)
    vi.stubGlobal('btoa', undefined)
    const params = new Map([['user_id', 'ada']])
    const phoenix = resolveEndpoint('https://example.com/live/?a=1', CLIENT_DIALECTS.phoenix)
    expect(addressWith(resolveEndpoint('wss://example.com/socket'), params)).toBe(
      'wss://example.com/socket?user_id=ada',
    )
    expect(addressWith(phoenix, params)).toBe('wss://example.com/live/websocket?a=1&vsn=2.0.0&user_id=ada')
    expect(tokenSubprotocolOf('t0ken')).toBe('base64url.bearer.phx.dDBrZW4')
    expect(() => resolveEndpoint('/socket')).toThrow(invalid('must begin with'))
  })
})

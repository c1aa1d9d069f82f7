import { describe, expect, test } from 'vitest'
import type { Mode } from '../io/mode'
import { type AllowedOrigins, ORIGIN_NOT_ALLOWED, Origins } from './origins'

const refused = expect.objectContaining({ code: 'invalid_option' })

function allows(
  allowed: AllowedOrigins | null,
  origin: string | undefined,
  mode: Mode = 'production',
  host = 'chat.example.com',
) {
  const headers = { host, ...(origin === undefined ? {} : { origin }) }
  return new Origins(allowed, () => mode).allows({ headers, path: '/socket', remoteAddress: '192.0.2.7' })
}

describe('[S-35] without the option', () => {
  test.each([
    ['https://chat.example.com', true],
    ['http://chat.example.com', true],
    ['http://chat.example.com:80', true],
    ['http://chat.example.com:443', false],
    ['https://CHAT.example.com', true],
    ['https://chat.example.com:443', true],
    ['https://chat.example.com:8443', false],
    ['https://evil.example', false],
    ['https://chat.example.com.evil.example', false],
    ['https://example.com', false],
    ['https://chat.example.com, https://evil.example', false],
    ['null', false],
    ['', false],
    ['garbage', false],
  ])('production lets in a page of %j: %j', (origin, isAllowed) => {
    expect(allows(null, origin)).toBe(isAllowed)
  })

  test.each([
    ['http://localhost:5173', 'localhost:5173', true],
    ['http://localhost:5173', 'localhost:9090', false],
    ['http://[::1]:9090', '[::1]:9090', true],
    ['https://chat.example.com', 'chat.example.com:443', true],
    ['http://chat.example.com', 'chat.example.com:443', false],
  ])('a page of %s at a server called %s: %j', (origin, host, isAllowed) => {
    expect(allows(null, origin, 'production', host)).toBe(isAllowed)
  })

  test('a program, which says no origin, passes', () => {
    expect(allows(null, undefined)).toBe(true)
  })

  test.each([
    ['cross-site', false],
    ['same-site', false],
    ['same-origin', true],
    ['none', true],
  ])('what a page fetches without saying its origin, from %s: %j', (site, isAllowed) => {
    const headers = { host: 'chat.example.com', 'sec-fetch-site': site }
    const handshake = { headers, path: '/socket/longpoll', remoteAddress: '192.0.2.7' }
    expect(new Origins(null, () => 'production').allows(handshake)).toBe(isAllowed)
    expect(new Origins(['https://app.example.com'], () => 'production').allows(handshake)).toBe(isAllowed)
    expect(new Origins(['*'], () => 'production').allows(handshake)).toBe(true)
    expect(new Origins(null, () => 'development').allows(handshake)).toBe(true)
  })

  test.each([
    ['no host', undefined],
    ['a host that is none', 'a/b'],
    ['several hosts', ['undefined', 'undefined']],
  ])('production lets in no page of a handshake with %s', (_what, host) => {
    const headers = { host, origin: 'https://undefined' }
    const handshake = { headers, path: '/socket', remoteAddress: '' }
    expect(new Origins(null, () => 'production').allows(handshake)).toBe(false)
  })

  test('development lets in every page', () => {
    expect(allows(null, 'https://evil.example', 'development')).toBe(true)
  })
})

describe('[S-35] a list', () => {
  test.each([
    ['null', 'null', true],
    ['null', 'file://', false],
    ['null', 'https://null', false],
    ['null', undefined, true],
    ['file://', 'file://', true],
    ['file://', 'null', false],
    ['file://', 'file://app.example.com', false],
    ['https://app.example.com', 'null', false],
    ['https://app.example.com', 'file://', false],
    ['https://*.example.com', 'null', false],
    ['https://app.example.com', 'https://app.example.com', true],
    ['https://app.example.com', 'https://app.example.com:443', true],
    ['https://app.example.com:443', 'https://app.example.com', true],
    ['https://app.example.com', 'http://app.example.com', false],
    ['https://app.example.com', 'https://app.example.com:8443', false],
    ['https://app.example.com', 'https://xapp.example.com', false],
    ['https://app.example.com', 'https://appxexample.com', false],
    ['https://*.example.com', 'https://app.example.com', true],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'https://evilexample.com', false],
    ['https://*.example.com', 'https://example.com.evil.example', false],
    ['https://*.example.com', 'http://app.example.com', false],
    ['http://localhost:5173', 'http://localhost:5173', true],
    ['capacitor://localhost', 'capacitor://localhost', true],
    ['*', 'https://evil.example', true],
    ['*', 'null', true],
    ['https://*.example.com', 'https://*.example.com', false],
  ])('of %j lets in %j: %j', (entry, origin, isAllowed) => {
    expect(allows([entry], origin)).toBe(isAllowed)
  })

  test('counts in development, too, and is the only one that counts', () => {
    expect(allows(['https://app.example.com'], 'https://evil.example', 'development')).toBe(false)
    expect(allows(['https://app.example.com'], 'https://chat.example.com')).toBe(false)
    expect(allows([], 'https://chat.example.com')).toBe(false)
  })

  test.each([
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/chat',
    'https://',
    'https://*',
    'https://app.*.com',
    'https://*.*.example.com',
    '*.example.com',
    'x https://app.example.com',
    'https://app.example.com x',
    'https://**.example.com',
    'https://user@app.example.com',
    'https://app.example.com:port',
    '',
  ])('with %j is refused when the server is made', (entry) => {
    expect(() => new Origins([entry], () => 'production')).toThrow(refused)
    expect(() => new Origins([entry], () => 'production')).toThrow(JSON.stringify(entry))
  })
})

test('what is neither a list nor a function is refused when the server is made', () => {
  const text = 'https://app.example.com' as unknown as AllowedOrigins
  expect(() => new Origins(text, () => 'production')).toThrow(refused)
  expect(() => new Origins(text, () => 'production')).toThrow('allowedOrigins must be a list')
})

test('a page of a site that may not connect is refused with the option that would let it in', () => {
  expect(ORIGIN_NOT_ALLOWED).toEqual({
    status: 403,
    reason: 'origin_not_allowed',
    message: expect.stringContaining('server option allowedOrigins'),
  })
})

describe('[S-35] a function', () => {
  test('decides, and is told the origin and the handshake', () => {
    const asked: unknown[] = []
    const decide: AllowedOrigins = (origin, { path, remoteAddress }) => {
      asked.push([origin, path, remoteAddress])
      return origin.endsWith('.example')
    }
    expect(allows(decide, 'https://good.example')).toBe(true)
    expect(allows(decide, 'https://chat.example.com')).toBe(false)
    expect(asked[0]).toEqual(['https://good.example', '/socket', '192.0.2.7'])
  })

  test('is not asked about a handshake that names several origins', () => {
    const headers = { origin: ['https://good.example', 'https://evil.example'] }
    const origins = new Origins(
      () => true,
      () => 'production',
    )
    expect(origins.allows({ headers, path: '/socket', remoteAddress: '' })).toBe(false)
  })

  test('that answers with something else than true says no', () => {
    const promises = (() => Promise.resolve(false)) as unknown as AllowedOrigins
    expect(allows(promises, 'https://good.example')).toBe(false)
  })
})

import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { readHandshake } from './read-handshake'

function read(url: string, headers: Record<string, string> = {}) {
  const request = new IncomingMessage(new Socket())
  request.url = url
  Object.assign(request, { headers })
  return readHandshake(request, () => '192.0.2.7')
}

describe('a handshake', () => {
  test('has a path, params of which the last counts, and subprotocols', () => {
    const handshake = read('/socket/websocket?vsn=2.0.0&a=1&a=2&__proto__=x', {
      'sec-websocket-protocol': 'phoenix,  other',
    })
    expect(handshake).toMatchObject({
      path: '/socket/websocket',
      subprotocols: ['phoenix', 'other'],
      token: null,
      remoteAddress: '192.0.2.7',
    })
    expect([...handshake!.params]).toEqual([
      ['vsn', '2.0.0'],
      ['a', '2'],
      ['__proto__', 'x'],
    ])
  })

  test.each([
    ['//', '//'],
    ['//evil/socket', '//evil/socket'],
    ['http://host:1/socket?a=1', '/socket'],
    ['HTTPS://user@[::1]/socket', '/socket'],
    ['http://host?a=1', '/'],
    ['http://host#/no', '/'],
    ['/a/../socket/./', '/socket/'],
  ])('for %j has the path %j, whatever its host', (url, path) => {
    expect(read(url)?.path).toBe(path)
  })

  test.each(['*', '', 'socket', 'http://', 'http:///socket', 'ftp://host/socket', 'localhost:443'])(
    'whose target is %j is none',
    (url) => {
      expect(read(url)).toBeNull()
    },
  )

  test('[S-43] does not have its host decoded, which takes the square of its length', () => {
    const url = `http://xn--${'b'.repeat(150_000)}a/socket`
    const startedMs = performance.now()
    expect(read(url)?.path).toBe('/socket')
    expect(performance.now() - startedMs).toBeLessThan(200)
  })

  test('without a subprotocol has none', () => {
    expect(read('/socket')?.subprotocols).toEqual([])
    expect(read('/socket', { 'sec-websocket-protocol': ' , ' })?.subprotocols).toEqual([])
  })
})

describe('its token', () => {
  const encoded = (token: string) => `base64url.bearer.phx.${btoa(token).replace(/=/g, '')}`

  test.each(['t0ken', 'a', 'ab', 'abc', 'with spaces and =', 'ümläut'])(
    'comes as a subprotocol, %j, and is none of them then',
    (token) => {
      const handshake = read('/socket/websocket', { 'sec-websocket-protocol': `phoenix, ${encoded(token)}` })
      expect(handshake).toMatchObject({ token, subprotocols: ['phoenix'] })
    },
  )

  test('may be written with the letters of base64url, as its name says', () => {
    const token = '>>>???'
    expect(btoa(token)).toMatch(/[+/]/)
    const urlSafe = btoa(token).replaceAll('+', '-').replaceAll('/', '_')
    const subprotocol = `base64url.bearer.phx.${urlSafe}`
    expect(read('/socket', { 'sec-websocket-protocol': subprotocol })).toMatchObject({
      token,
      subprotocols: [],
    })
  })

  test.each(['Bearer t0ken', 'bearer   t0ken'])('comes in Authorization: %s', (authorization) => {
    expect(read('/socket', { authorization })?.token).toBe('t0ken')
  })

  test('comes in the header of a long poll', () => {
    expect(read('/socket/longpoll', { 'x-phoenix-authtoken': 't0ken' })?.token).toBe('t0ken')
  })

  test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer '])('is not in Authorization: %s', (authorization) => {
    expect(read('/socket', { authorization })?.token).toBeNull()
  })
})

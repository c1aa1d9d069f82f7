import { once } from 'node:events'
import { connect } from 'node:net'
import { jwtAuthenticate } from '@rollcall/server'
import {
  checkName,
  DEFAULT_LIMITS,
  phoenixV1Dialect,
  phoenixV2ClientDialect,
  phoenixV2Dialect,
  rollcallDialect,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { linkText } from '../../apps/demo/src/model/link-text'
import { clipName } from '../../apps/demo/src/model/person-name'
import { roomFromHash, roomFromName } from '../../apps/demo/src/model/room'
import { resolveEndpoint } from '../../packages/client/src/connection/endpoint'
import { readPost } from '../../packages/server/src/http/longpoll-body'
import { startServer } from '../real/support/server'
import { SECRET, tokenOf } from '../real/support/token'
import { cheapestMs, hostileTexts } from './support/hostile-texts'

/* What takes the square of its length takes 100 ms and more of these; an honest request takes 1 ms. */

const BYTES = 15_000
const LIMIT_MS = 5

/** Those that cost too much, so that a failure names them all. */
async function tooDear(name: string, run: (text: string) => unknown): Promise<string[]> {
  const found: string[] = []
  for (const text of hostileTexts(BYTES)) {
    const ms = await cheapestMs(LIMIT_MS, () => run(text))
    if (ms >= LIMIT_MS) found.push(`${name} ${JSON.stringify(text.slice(0, 20))}: ${ms.toFixed(1)} ms`)
  }
  return found
}

describe('[S-43] 15 KB of a stranger’s text cost the server a few milliseconds', () => {
  const startHonest = async () => {
    const token = tokenOf('ada', 3600)
    const unbounded = Number.POSITIVE_INFINITY
    const { port } = await startServer({
      mode: 'production',
      authenticate: jwtAuthenticate({ secret: SECRET }),
      trustProxy: ['loopback', '10.0.0.0/8'],
      admission: { handshakesPerSecondPerAddress: unbounded, handshakesPerSecond: unbounded },
    })
    return { port, token }
  }

  /** Asks, and waits for the first bytes of the answer. */
  async function ask(port: number, head: readonly string[], body = ''): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
    const [answer] = await once(socket, 'data')
    socket.destroy()
    return String(answer)
  }

  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

  test.each([
    ...['Sec-WebSocket-Extensions: ', 'Sec-WebSocket-Extensions: x;a'],
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    ...['Sec-WebSocket-Protocol: ', 'Sec-WebSocket-Protocol: rollcall.v1, base64url.bearer.phx.'],
    ...['Authorization: ', 'Authorization: Bearer ', 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.'],
    ...['X-Phoenix-AuthToken: ', 'X-Forwarded-For: ', 'Forwarded: ', 'X-Forwarded-Proto: ', 'Cookie: a='],
    ...['Origin: ', 'Origin: https://', 'Origin: https://[', 'Host: ', 'Sec-Fetch-Site: ', 'User-Agent: '],
    ...['Range: bytes=', 'If-None-Match: ', 'Accept: ', 'Accept-Encoding: ', 'Content-Type: '],
  ])('in %s', async (start) => {
    const { port, token } = await startHonest()
    const name = start.slice(0, start.indexOf(':'))
    const authorization = name === 'Authorization' ? [] : [`Authorization: Bearer ${token}`]
    const host = name === 'Host' ? [] : ['Host: 127.0.0.1']
    const found = [
      ...(await tooDear('handshake', (text) =>
        ask(port, ['GET /socket HTTP/1.1', ...host, ...upgrade, key, ...authorization, start + text]),
      )),
      ...(await tooDear('page', (text) => ask(port, ['GET / HTTP/1.1', ...host, start + text]))),
      ...(await tooDear('long poll', (text) =>
        ask(port, ['GET /socket/longpoll?vsn=2.0.0 HTTP/1.1', ...host, ...authorization, start + text]),
      )),
    ]
    expect(found).toEqual([])
  })

  test.each([
    ...['/', '/socket?user_id=', '/socket?token=', '/socket?a=', '/?topic=', '/socket/websocket?vsn='],
    ...[
      '/socket/longpoll?vsn=2.0.0&token=',
      '/socket/longpoll?vsn=2.0.0&token=lp.',
      'http://',
      'http://xn--',
    ],
  ])('in the target %s', async (start) => {
    const { port, token } = await startHonest()
    const rest = ['Host: 127.0.0.1', `Authorization: Bearer ${token}`]
    const line = (text: string) => `GET ${start}${text.replaceAll(/[ \t]/g, '+')}/ HTTP/1.1`
    const found = [
      ...(await tooDear('handshake', (text) => ask(port, [line(text), ...rest, ...upgrade, key]))),
      ...(await tooDear('request', (text) => ask(port, [line(text), ...rest]))),
    ]
    expect(found).toEqual([])
  })

  test('in an international host, whose decoding takes the square', async () => {
    const { port } = await startHonest()
    const target = `http://xn--${'b'.repeat(BYTES)}a/socket`
    const ms = await cheapestMs(LIMIT_MS, () =>
      ask(port, [`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...upgrade, key]),
    )
    expect(ms).toBeLessThan(LIMIT_MS)
  })

  test.each(['application/json', 'application/x-ndjson'])('in a post of %s', async (type) => {
    expect(await tooDear('post', (text) => readPost(Buffer.from(text), type, 1024))).toEqual([])
    expect(await tooDear('type', (text) => readPost(Buffer.from('[]'), type + text, 1024))).toEqual([])
  })
})

describe('[P-21] 15 KB in a frame cost its reader a few milliseconds', () => {
  const context = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }
  const dialects = [rollcallDialect, phoenixV2Dialect, phoenixV1Dialect, zzzDialect, vixDialect]

  const said = (text: string) => JSON.stringify(text)
  const frames: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => `["1","1",${said(text)},"phx_join",{}]`,
    (text) => `["1","1","room:1",${said(text)},{}]`,
    (text) => `["1","1","room:1","presence_update",{"meta":{${said(text)}:${said(text)}}}]`,
    (text) =>
      `{"topic":${said(text)},"event":${said(text)},"payload":{"key":${said(text)}},"ref":${said(text)}}`,
    (text) => `{"type":${said(text)},"payload":{"user":${said(text)}}}`,
  ]

  test.each(dialects)('of a client, in $name', async (dialect) => {
    for (const [index, frameOf] of frames.entries())
      expect(await tooDear(`frame ${index}`, (text) => dialect.decodeClient(frameOf(text), context))).toEqual(
        [],
      )
  })

  test.each([rollcallDialect, phoenixV2ClientDialect])('of a server, in $name', async (dialect) => {
    for (const [index, frameOf] of frames.entries())
      expect(await tooDear(`frame ${index}`, (text) => dialect.decodeServer(frameOf(text)))).toEqual([])
  })

  test('and as a name', async () => {
    const limits = { ...DEFAULT_LIMITS, topicBytes: 100_000 }
    const found = await tooDear('name', (text) => checkName('The topic', text, 'topicBytes', limits))
    expect(found).toEqual([])
  })
})

describe('[C-37] 15 KB that a page is shown cost it a few milliseconds', () => {
  test('as an address to connect to', async () => {
    const found = await tooDear('address', (text) => {
      resolveEndpoint(`ws://localhost/${text}`, phoenixV2ClientDialect)
    })
    expect(found).toEqual([])
  })

  test.each([
    ['a message with links', (text: string) => linkText(`https://${text}`)],
    ['a message of links', (text: string) => linkText(`${text}https://`)],
    ['a name', clipName],
    ['a room in the address', (text: string) => roomFromHash(`#${text}`)],
    ['a room’s name', roomFromName],
  ])('as %s', async (_what, show: (text: string) => unknown) => {
    expect(await tooDear('text', show)).toEqual([])
  })

  test('with accents without end on one letter', async () => {
    const accents = `a${'\u0301\u0316'.repeat(BYTES)}`
    for (const show of [clipName, roomFromName]) {
      const ms = await cheapestMs(LIMIT_MS, () => show(accents))
      expect(ms).toBeLessThan(LIMIT_MS)
    }
  })
})

import type { Chance } from './chance'
import { anyText } from './json-text'
import { mutateBytes } from './mutate'

/*
 * The bytes of a request: a handshake, a long poll or nothing that HTTP knows.
 */

const TARGETS = [
  ...[
    '/',
    '/socket',
    '/socket/websocket',
    '/socket/websocket?vsn=2.0.0',
    '/socket/longpoll',
    '/healthz',
    '/nowhere',
  ],
  ...[
    '//',
    '///',
    '/%',
    '/%00',
    '/socket?user_id=%ff',
    '/socket?__proto__=1&constructor=2',
    '*',
    'http://[',
    'http://a/',
  ],
  ...[
    '/socket#a',
    '/../../etc/passwd',
    '/socket?topic=%ED%A0%80',
    '/?topic=',
    '/socket?user_id=a&user_id=b',
    '\\',
    '?',
  ],
  ...[
    '/socket/longpoll?vsn=2.0.0&token=lp.1.2',
    '/socket/longpoll?token=',
    '/socket/websocket?vsn=9',
    'socket',
  ],
]

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['Host', ['localhost', '', '[', 'a b', 'localhost:99999', '\u00ff']],
  ['Connection', ['Upgrade', 'keep-alive, Upgrade', 'close', 'upgrade,upgrade', '']],
  ['Upgrade', ['websocket', 'WebSocket', 'h2c', 'websocket, h2c', '']],
  ['Sec-WebSocket-Version', ['13', '8', '13, 8', '-1', '']],
  ['Sec-WebSocket-Key', ['dGhlIHNhbXBsZSBub25jZQ==', 'short', '', 'AAAAAAAAAAAAAAAAAAAAAAA=']],
  [
    'Sec-WebSocket-Protocol',
    ['rollcall.v1', 'phoenix', 'rollcall.v1, base64url.bearer.phx.AAAA', ',,,', 'a b', '\u0001'],
  ],
  [
    'Sec-WebSocket-Extensions',
    [
      'permessage-deflate',
      'permessage-deflate; client_max_window_bits=99',
      'permessage-deflate; server_max_window_bits="8"; a=b',
      ';;;',
      ',',
      'permessage-deflate; '.repeat(200),
    ],
  ],
  ['Origin', ['http://localhost', 'null', 'https://evil.example', '', 'http://[']],
  ['Authorization', ['Bearer a.b.c', 'Bearer', 'Bearer  ', 'Basic AAAA', `Bearer ${'a'.repeat(3000)}`]],
  ['X-Forwarded-For', ['1.2.3.4', 'a, b', '::1', ','.repeat(100)]],
  ['X-Phoenix-AuthToken', ['a.b.c', '']],
  ['Content-Length', ['0', '5', '-1', '5, 6', '99999999999999999999']],
  ['Transfer-Encoding', ['chunked', 'identity', 'chunked, chunked', 'gzip']],
  ['Content-Type', ['application/x-ndjson', 'application/json', '']],
  ['Expect', ['100-continue', '']],
]

/** What a stranger sends to a port where HTTP is spoken. */
export function requestBytes(chance: Chance): Buffer {
  if (chance.oneIn(8)) return chance.bytes(chance.length())
  const method = chance.pick([
    'GET',
    'GET',
    'GET',
    'POST',
    'OPTIONS',
    'HEAD',
    'CONNECT',
    'PUT',
    'get',
    'G ET',
    '',
  ])
  const target = chance.oneIn(10) ? encodeURI(wellFormed(anyText(chance))) : chance.pick(TARGETS)
  const version = chance.oneIn(15)
    ? chance.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', ''])
    : 'HTTP/1.1'
  // Most of a handshake, so that what comes after the first check is reached, too.
  const lines = HEADERS.flatMap(([name, values], i) => {
    if (chance.oneIn(i < 5 ? 10 : 2)) return []
    const value = chance.oneIn(6) ? chance.pick(values) : (values[0] as string)
    return chance.oneIn(30) ? [`${name}: ${value}`, `${name}: ${chance.pick(values)}`] : [`${name}: ${value}`]
  }).filter((line) => !/^(Content-Length|Transfer-Encoding|Expect)/.test(line) || chance.oneIn(4))
  if (chance.oneIn(30)) for (let i = 0; i < 3000; i++) lines.push(`X-${i}: ${i}`)
  if (chance.oneIn(30)) lines.push(`X-Long: ${'x'.repeat(chance.pick([8000, 20_000, 100_000]))}`)
  if (chance.oneIn(15))
    lines.push(chance.pick([' folded', 'no colon', ': no name', 'a\0b: c', 'É: é', '\n\n']))
  const end = chance.pick(['\r\n', '\r\n', '\r\n', '\n'])
  const body = chance.oneIn(4) ? anyText(chance) : ''
  const bytes = Buffer.from(
    `${method} ${target} ${version}${end}${lines.join(end)}${end}${end}${body}`,
    'latin1',
  )
  return chance.oneIn(3) ? mutateBytes(chance, bytes) : bytes
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/g, '?')
}

// Tokens over real sockets, in each of the places where a client can put one.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { SUBPROTOCOL } from '@rollcall/shared-protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { createServer, type RollcallServer } from '../../server'
import { RecordingLog } from '../../testing-support/recording-log'
import { forge, SECRET, sign } from '../../testing-support/tokens'
import { jwtAuthenticate } from './jwt-authenticate'
import type { JwtOptions } from './jwt-options'

let server: RollcallServer
let log: RecordingLog

async function serve(options: Partial<JwtOptions> = {}): Promise<void> {
  log = new RecordingLog()
  const authenticate = jwtAuthenticate({ secret: SECRET, logger: log, ...options } as JwtOptions)
  server = createServer({ port: 0, mode: 'production', logger: log, authenticate, closeTimeoutMs: 200 })
  await server.listen()
}

beforeEach(() => serve())
afterEach(() => server.close())

interface Attempt extends ClientOptions {
  readonly path?: string
  readonly subprotocols?: readonly string[]
}

function connect({ path = '/socket', subprotocols = [SUBPROTOCOL], ...options }: Attempt): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}${path}`, [...subprotocols], options)
  // A refused handshake is told as 'unexpected-response'; the error that follows it is of no interest.
  return socket.on('error', () => {})
}

/** The id that the server says in its hello. */
async function idOf(attempt: Attempt): Promise<string> {
  const socket = connect(attempt)
  try {
    await once(socket, 'open')
    socket.send(JSON.stringify([null, '1', 'rollcall', 'hello', {}]))
    const [data] = await once(socket, 'message')
    return JSON.parse(String(data))[4].response.identity.id
  } finally {
    socket.terminate()
  }
}

async function refusalOf(attempt: Attempt) {
  const socket = connect(attempt)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const chunk of response) body += chunk
  socket.terminate()
  return { status: response.statusCode, type: response.headers['content-type'], body: JSON.parse(body) }
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const offered = (token: string) => `base64url.bearer.phx.${Buffer.from(token).toString('base64url')}`
const nowSeconds = () => Math.floor(Date.now() / 1000)

test('the header, the subprotocol and the query carry a token; the header wins', async () => {
  const ada = await sign({ sub: 'ada', exp: nowSeconds() + 60 })
  const bob = await sign({ sub: 'bob' })
  expect(await idOf(bearer(ada))).toBe('ada')
  expect(await idOf({ subprotocols: [SUBPROTOCOL, offered(ada)] })).toBe('ada')
  expect(await idOf({ path: `/socket?token=${ada}` })).toBe('ada')
  expect(await idOf({ path: `/socket?token=${bob}`, ...bearer(ada) })).toBe('ada')
  expect(await idOf({ path: `/socket?token=${bob}`, subprotocols: [SUBPROTOCOL, offered(ada)] })).toBe('ada')
  expect(JSON.stringify(log.lines)).not.toContain(ada)
})

test('a token decides over who somebody is, and the connect param user_id does not', async () => {
  expect(await idOf({ path: '/socket?user_id=root', ...bearer(await sign({ sub: 'ada' })) })).toBe('ada')
})

test('no token: 401, and a body that says how to send one', async () => {
  const { status, type, body } = await refusalOf({})
  expect({ status, type }).toEqual({ status: 401, type: 'application/json; charset=utf-8' })
  expect(body).toEqual({ error: 'token_missing', message: expect.stringContaining('Authorization: Bearer') })
})

test.each<[string, number, string, () => Promise<string> | string]>([
  ['an expired token', 401, 'token_expired', () => sign({ sub: 'ada', aud: 'chat', exp: nowSeconds() - 60 })],
  ['a forged token', 401, 'token_invalid', () => forge({ alg: 'none' }, { sub: 'ada' }, 'AAAA')],
  ['a token of no kind', 401, 'token_invalid', () => 'let-me-in'],
  ['a token for another', 403, 'token_not_for_us', () => sign({ sub: 'ada', aud: 'mail' })],
])('%s: %i, and a body that can be read', async (_what, status, error, make) => {
  await server.close()
  await serve({ audience: 'chat' })
  const token = await make()
  const told = await refusalOf(bearer(token))
  expect(told).toMatchObject({ status, body: { error, message: expect.any(String) } })
  expect(JSON.stringify(told)).not.toContain(token)
  expect(server.connectionCount).toBe(0)
})

test('keys that cannot be had: 503', async () => {
  await server.close()
  const closed = createServer({ port: 0, logger: log })
  const { port } = await closed.listen()
  await closed.close()
  await serve({ secret: undefined, jwksUrl: `http://127.0.0.1:${port}/jwks.json` } as Partial<JwtOptions>)
  const told = await refusalOf(bearer(forge({ alg: 'ES256', kid: '1' }, { sub: 'ada' }, 'AAAA')))
  expect(told).toMatchObject({ status: 503, body: { error: 'keys_unavailable' } })
})

test('all dialects are asked', async () => {
  for (const path of ['/', '/socket', '/socket/websocket', '/socket/websocket?vsn=2.0.0']) {
    expect(await refusalOf({ path, subprotocols: [] })).toMatchObject({ body: { error: 'token_missing' } })
    const socket = connect({ path, subprotocols: [], ...bearer(await sign({ sub: 'ada' })) })
    await once(socket, 'open')
    socket.terminate()
  }
})

test("a long poll's header carries a token", async () => {
  const url = `http://127.0.0.1:${server.address().port}/socket/longpoll?vsn=2.0.0`
  const poll = async (headers: Record<string, string>) => (await fetch(url, { headers })).json()
  expect(await poll({ 'x-phoenix-authtoken': await sign({ sub: 'ada' }) })).toMatchObject({ status: 410 })
  expect(await poll({})).toMatchObject({ status: 403, error: 'token_missing' })
})

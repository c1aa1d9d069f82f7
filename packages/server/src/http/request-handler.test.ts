import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { IncomingMessage, type OutgoingHttpHeaders, type RequestListener, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { DEFAULT_PAGE_POLICY } from '../io/security-headers'
import { createRequestHandler } from './request-handler'
import { pageFile, readPage } from './static-page'

interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  /** As it was sent, without its date. */
  readonly head: string
  readonly body: string
}

/** Asks a handler without a socket. */
async function ask(
  handler: RequestListener,
  url: string,
  method = 'GET',
  accept = '*/*',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const wire = new PassThrough()
  const request = new IncomingMessage(wire as unknown as Socket)
  Object.assign(request, { url, method, headers: { accept, ...headers } })
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(wire as unknown as Socket)
  response.on('finish', () => wire.end())
  handler(request, response)
  const raw = await text(wire)
  const headEnd = raw.indexOf('\r\n\r\n')
  return {
    status: response.statusCode,
    headers: response.getHeaders(),
    head: raw.slice(0, headEnd).replace(/^Date: .+\r\n/m, ''),
    body: raw.slice(headEnd + 4),
  }
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-page-'))
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>The page</title>')
writeFileSync(join(folder, 'app.js'), 'console.log(1)')
afterAll(() => rmSync(folder, { recursive: true }))

const bare = createRequestHandler(null)
const withPage = createRequestHandler(readPage(folder, 1_000_000))
const welcome = {
  message: 'Presence example running',
  hint: 'Connect via WebSocket and send presence.join',
}

describe('GET /', () => {
  test.each(['*/*', 'application/json', ''])(
    'answers a program (%j) with the JSON of Vix, page or not',
    async (accept) => {
      for (const handler of [bare, withPage]) {
        const { status, headers, body } = await ask(handler, '/', 'GET', accept)
        expect(status).toBe(200)
        expect(JSON.parse(body)).toEqual(welcome)
        expect(headers['content-type']).toBe('application/json; charset=utf-8')
        expect(headers.vary).toBe('Accept')
      }
    },
  )

  test('answers a browser with the page', async () => {
    const { status, body } = await ask(withPage, '/', 'GET', 'text/html,application/xhtml+xml')
    expect(status).toBe(200)
    expect(body).toContain('The page')
  })

  test('answers a browser with the JSON where there is no page', async () => {
    expect(JSON.parse((await ask(bare, '/?x=1', 'GET', 'text/html')).body)).toEqual(welcome)
  })

  test('HEAD has the headers and no body', async () => {
    const { headers, body } = await ask(bare, '/', 'HEAD')
    expect(headers['content-length']).toBe(Buffer.byteLength(JSON.stringify(welcome)))
    expect(body).toBe('')
  })
})

describe('other paths', () => {
  test('/healthz is 200', async () => {
    expect(await ask(bare, '/healthz?probe=1')).toMatchObject({ status: 200, body: '{"status":"ok"}' })
  })

  test('the path of Phoenix’s WebSockets is 400 without an upgrade, and says what else there is', async () => {
    const { status, body } = await ask(bare, '/socket/websocket?vsn=2.0.0')
    expect([status, JSON.parse(body).error]).toEqual([400, 'no_websocket'])
    expect(body).toContain('/socket/longpoll')
  })

  test('the page’s files are served', async () => {
    expect(await ask(withPage, '/app.js')).toMatchObject({ status: 200, body: 'console.log(1)' })
  })

  test.each(['/nope', '/app.js', '/socket', '/__proto__', '/%', '/../package.json', '/..%2f..%2fetc/passwd'])(
    '%s is 404 where there is no such file, and says where WebSockets go',
    async (path) => {
      const { status, body } = await ask(bare, path)
      expect(status).toBe(404)
      expect(JSON.parse(body).message).toContain('/socket')
    },
  )

  test.each(['/nope.js', '/../package.json', '/..%2f..%2f..%2fetc/passwd', '/%00', '/%'])(
    '%s leads nowhere outside the page’s folder',
    async (path) => {
      expect((await ask(withPage, path)).status).toBe(404)
    },
  )
})

describe('a file of the page', () => {
  test.each([
    'bytes=5-2',
    'bytes=-5--9',
    'bytes=0-99999999999999999999',
    'bytes=1e9-2',
    'bytes=0-3',
    'bytes=0-0,2-2',
    'bytes',
    '',
  ])('[S-35] is given whole, whatever range is asked for: %j', async (range) => {
    const { status, head, body } = await ask(withPage, '/app.js', 'GET', '*/*', { range })
    expect([status, body]).toEqual([200, 'console.log(1)'])
    for (const line of ['Content-Length: 14', 'Accept-Ranges: none']) expect(head).toContain(line)
  })

  test('is not given again to who has it', async () => {
    const etag = /^ETag: (.+)$/m.exec((await ask(withPage, '/app.js')).head)?.[1] ?? ''
    const again = await ask(withPage, '/app.js', 'GET', '*/*', { 'if-none-match': etag })
    expect(again).toMatchObject({ status: 304, head: expect.stringContaining(`ETag: ${etag}`), body: '' })
    const changed = await ask(withPage, '/app.js', 'GET', '*/*', { 'if-none-match': '"other"' })
    expect(changed).toMatchObject({ status: 200, body: 'console.log(1)' })
  })

  test('has the same headers for HEAD, and no body', async () => {
    const { head } = await ask(withPage, '/app.js')
    expect(await ask(withPage, '/app.js', 'HEAD')).toMatchObject({ status: 200, head, body: '' })
  })

  test('[S-9] is the same bytes for everybody', () => {
    const files = new Map([['/app.js', pageFile('app.js', Buffer.from('1'), 0)]])
    const request = Object.assign(new IncomingMessage(new Socket()), { url: '/app.js', method: 'GET' })
    const response = new ServerResponse(request)
    const end = vi.spyOn(response, 'end')
    createRequestHandler(files)(request, response)
    expect(end.mock.calls[0]?.[0]).toBe(files.get('/app.js')?.body)
  })
})

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is 405, with what is allowed', async (method) => {
  const { status, headers } = await ask(withPage, '/', method)
  expect(status).toBe(405)
  expect(headers.allow).toBe('GET, HEAD')
})

describe('[S-30] GET /readyz', () => {
  test('is 200 while there is nothing to say against it', async () => {
    const { status, body, headers } = await ask(bare, '/readyz')
    expect([status, JSON.parse(body), headers['cache-control']]).toEqual([
      200,
      { status: 'ready' },
      'no-store',
    ])
  })

  test('is 503 with all reasons, while /healthz is 200 still', async () => {
    const handler = createRequestHandler(null, {
      readiness: ['draining', 'store_unreachable'],
      storeErrorCode: null,
    })
    const { status, body } = await ask(handler, '/readyz')
    expect(status).toBe(503)
    expect(JSON.parse(body)).toEqual({ status: 'not_ready', reasons: ['draining', 'store_unreachable'] })
    expect((await ask(handler, '/healthz')).status).toBe(200)
    expect((await ask(handler, '/readyz', 'HEAD')).status).toBe(503)
  })

  test('[S-77] says with which code the store refuses, where it says one', async () => {
    const handler = createRequestHandler(null, { readiness: ['store_unreachable'], storeErrorCode: 'OOM' })
    const { body } = await ask(handler, '/readyz')
    expect(JSON.parse(body)).toEqual({ status: 'not_ready', reasons: ['store_unreachable'], store: 'OOM' })
  })
})

describe('[S-47] every answer tells a browser what it may be used for', () => {
  const data = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"

  test.each([
    ['/', 'GET', data],
    ['/healthz', 'GET', data],
    ['/readyz', 'GET', data],
    ['/nope', 'GET', data],
    ['/', 'POST', data],
    ['/index.html', 'GET', `Content-Security-Policy: ${DEFAULT_PAGE_POLICY}`],
    ['/app.js', 'HEAD', `Content-Security-Policy: ${DEFAULT_PAGE_POLICY}`],
  ])('%s by %s', async (path, method, policy) => {
    const { head } = await ask(withPage, path, method)
    for (const line of ['X-Content-Type-Options: nosniff', 'Referrer-Policy: no-referrer', policy])
      expect(head.split('\r\n')).toContain(line)
  })

  test('a file that the browser has already, too', async () => {
    const { status, head } = await ask(withPage, '/app.js', 'GET', '*/*', { 'if-none-match': '*' })
    expect(status).toBe(304)
    expect(head).toContain(`Content-Security-Policy: ${DEFAULT_PAGE_POLICY}`)
  })

  test('a page has the policy that it is given, or none', async () => {
    const page = readPage(folder, 1_000_000)
    const own = await ask(createRequestHandler(page, undefined, "default-src 'self' https:"), '/app.js')
    expect(own.head.split('\r\n')).toContain("Content-Security-Policy: default-src 'self' https:")
    const none = await ask(createRequestHandler(page, undefined, null), '/app.js')
    expect(none.head).not.toContain('Content-Security-Policy')
    expect(none.head).toContain('nosniff')
  })
})

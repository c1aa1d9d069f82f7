import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type ServerOptions } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startServer } from './support/server'
import { enter, RawPeer } from './support/stranger'

/* The page's files, and whatever else is asked for over plain HTTP, by whoever it may be. */

/** More than a kernel takes for somebody who does not read. */
const LARGE = 'x'.repeat(8_000_000)
const eventually = (holds: () => void | Promise<void>) => vi.waitFor(holds, { timeout: 8000, interval: 5 })

function newPage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>The page</title>')
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'assets', 'large.js'), LARGE)
  writeFileSync(join(folder, 'theme.js'), 'console.log(1)')
  return folder
}

const start = (options: ServerOptions = {}) => startServer({ page: newPage(), ...options })
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`

/** A logger that remembers what it was told, and may fail. */
function logger(line: (level: string, context: object, message: string) => void) {
  const at = (level: string) => (context: object, message: string) => line(level, context, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

describe('[S-35] a file of the page', () => {
  test('is given whole, whatever range is asked for', async () => {
    const { port } = await start()
    for (const range of ['bytes=5-2', 'bytes=-5--9', 'bytes=0-99999999999999999999', 'bytes', 'bytes=0-3']) {
      const peer = await RawPeer.connect(port)
      peer.socket.write(`${get('/theme.js').trimEnd()}\r\nRange: ${range}\r\nConnection: close\r\n\r\n`)
      await eventually(() => expect(peer.isClosed).toBe(true))
      expect(peer.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(peer.text).toMatch(/console\.log\(1\)$/)
    }
    expect((await enter(port, 'ada')).status).toBe(101)
  })

  test('[S-9] is kept in memory, so that no number of readers opens one', async () => {
    const page = newPage()
    const { port } = await start({ page })
    rmSync(page, { recursive: true })
    const answer = await fetch(`http://127.0.0.1:${port}/assets/large.js`)
    expect(await answer.text()).toBe(LARGE)
    const html = await fetch(`http://127.0.0.1:${port}/`, { headers: { Accept: 'text/html' } })
    expect(await html.text()).toContain('The page')
  })

  test('is not kept where the folder is too large, which the server is told when it is made', () => {
    expect(() => createServer({ page: newPage(), maxPageBytes: 8_000_000 })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining('maxPageBytes') }),
    )
  })
})

describe('[S-9] requests of one TCP connection that wait', () => {
  test('are bounded: with too many whose answers are not read it is cut off, and the log says so', async () => {
    const lines: [string, object, string][] = []
    const { port } = await start({ logger: logger((...line) => void lines.push(line)) })
    const honest = await enter(port, 'ada')
    const peer = await RawPeer.connect(port)
    peer.socket.pause()
    peer.socket.write(get('/assets/large.js').repeat(1200))
    await eventually(() =>
      expect(lines.map(([, , message]) => message)).toContain(
        'closing TCP connections with too many waiting requests',
      ),
    )
    expect(lines.at(-1)?.[1]).toMatchObject({ message: expect.stringContaining('http.maxPipelined') })
    peer.socket.resume()
    await eventually(() => expect(peer.isClosed).toBe(true))
    expect(peer.text.length).toBeLessThan(LARGE.length)
    expect(honest.peer?.closed).toBeNull()
    expect(await (await fetch(`http://127.0.0.1:${port}/theme.js`)).text()).toBe('console.log(1)')
  })

  test('are answered in turn, up to the bound, and over and over', async () => {
    const { port } = await start({ http: { maxPipelined: 4 } })
    const peer = await RawPeer.connect(port)
    const answers = () => peer.text.split('console.log(1)').length - 1
    for (let times = 1; times <= 3; times++) {
      peer.socket.write(get('/theme.js').repeat(4))
      await eventually(() => expect(answers()).toBe(4 * times))
    }
    peer.socket.write(get('/theme.js').repeat(5))
    await eventually(() => expect(peer.isClosed).toBe(true))
    expect(answers()).toBeLessThan(17)
  })
})

describe('[S-35] what fails while it is answered ends alone, and is logged', () => {
  /** Chance that fails as soon as anybody is there. */
  function failing() {
    const state = { fails: false }
    let ids = 0
    const id = () => {
      if (state.fails) throw new Error('no chance')
      return `id${ids++}`
    }
    const errors: string[] = []
    const log = logger((level, _context, message) => {
      if (level === 'error') errors.push(message)
    })
    return { state, errors, options: { random: { id }, logger: log } }
  }
  const pollPath = '/socket/longpoll?vsn=2.0.0&user_id=ada'

  test('a long poll is 500', async () => {
    const { state, errors, options } = failing()
    const { port } = await start({ ...options, admission: { maxConnections: 1 } })
    state.fails = true
    const answer = await fetch(`http://127.0.0.1:${port}${pollPath}`)
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'request_failed' }])
    expect(errors).toEqual(['a request could not be answered'])
    state.fails = false
    // Its seat is free again.
    expect(await (await fetch(`http://127.0.0.1:${port}${pollPath}`)).json()).toMatchObject({ status: 410 })
  })

  test('and so it is at an HTTP server of one’s own', async () => {
    const { state, errors, options } = failing()
    const http = createHttpServer((request, response) => {
      if (!server.handleRequest(request, response)) response.end('mine')
    })
    const server = createServer({ server: http, ...options })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    onTestFinished(async () => {
      await server.close()
      http.close()
    })
    state.fails = true
    const { port } = http.address() as AddressInfo
    expect((await fetch(`http://127.0.0.1:${port}${pollPath}`)).status).toBe(500)
    expect(errors).toHaveLength(1)
  })

  test('a handshake is 500', async () => {
    const { state, errors, options } = failing()
    const { port } = await start(options)
    state.fails = true
    // A guest is given a name by chance.
    const refused = await enter(port, '')
    expect([refused.status, refused.body]).toMatchObject([500, { error: 'request_failed' }])
    expect(errors).toEqual(['a handshake failed'])
    state.fails = false
    expect((await enter(port, '')).status).toBe(101)
  })

  test('and no log that fails ends more', async () => {
    const warn = vi.fn(() => {
      throw new Error('no disk')
    })
    const error = vi.fn()
    const { port } = await start({
      logger: { debug() {}, info() {}, warn, error },
      mode: 'production',
      allowAnonymous: true,
    })
    const peer = await RawPeer.connect(port)
    peer.socket.write(get('/assets/large.js').repeat(100))
    await eventually(() => expect(peer.isClosed).toBe(true))
    expect(warn).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledWith(expect.anything(), 'a request could not be answered')
    expect((await fetch(`http://127.0.0.1:${port}/theme.js`)).status).toBe(200)
  })
})

describe('[S-47] over real HTTP', () => {
  const DATA = "default-src 'none'; frame-ancestors 'none'"
  const own = (headers: Headers) =>
    ['x-content-type-options', 'referrer-policy', 'content-security-policy'].map((name) => headers.get(name))

  test('the page, JSON, long polls and refused handshakes say what a browser may do with them', async () => {
    const { port } = await start()
    const at = `http://127.0.0.1:${port}`
    const page = own((await fetch(`${at}/`, { headers: { Accept: 'text/html' } })).headers)
    expect(page.slice(0, 2)).toEqual(['nosniff', 'no-referrer'])
    expect(page[2]).toContain("default-src 'self'")
    expect(page[2]).toContain("frame-ancestors 'none'")
    for (const path of ['/', '/nope', '/readyz', '/socket/longpoll?vsn=2.0.0'])
      expect(own((await fetch(at + path)).headers), path).toEqual(['nosniff', 'no-referrer', DATA])
    const preflight = await fetch(`${at}/socket/longpoll`, { method: 'OPTIONS' })
    expect(own(preflight.headers)).toEqual(['nosniff', 'no-referrer', DATA])
    const refused = await RawPeer.connect(port)
    refused.shake('/nowhere', 'dGhlIHNhbXBsZSBub25jZQ==')
    await eventually(() => expect(refused.text).toContain(`Content-Security-Policy: ${DATA}\r\n`))
  })

  test('a policy of one’s own is sent, and one that no header can carry is refused', async () => {
    const policy = "default-src 'self'; frame-ancestors https://app.example.com"
    const { port } = await start({ contentSecurityPolicy: policy })
    const { headers } = await fetch(`http://127.0.0.1:${port}/theme.js`)
    expect(headers.get('content-security-policy')).toBe(policy)
    for (const contentSecurityPolicy of ['', 'a\r\nSet-Cookie: b=c', 'ü', 7 as unknown as string])
      expect(() => createServer({ contentSecurityPolicy })).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      )
  })
})

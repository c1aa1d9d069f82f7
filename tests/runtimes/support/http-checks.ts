import { describe, expect, test } from 'vitest'
import { dialTcp } from '../../hostile/support/raw-peer'
import { CERTIFICATE, type Given, STRICT } from './servers'
import { ask, PATIENCE_MS } from './talk'

const browser = { accept: 'text/html,application/xhtml+xml' }

/** Everything that comes over a bare connection until it ends. */
async function exchange(port: number, text: string, localAddress?: string): Promise<string> {
  const socket = await dialTcp({ port, ...(localAddress === undefined ? {} : { localAddress }) })
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk
  })
  const ended = new Promise((resolve) => socket.once('close', resolve))
  if (text !== '') socket.write(text)
  const timer = setTimeout(() => socket.destroy(new Error('late')), PATIENCE_MS)
  await ended
  clearTimeout(timer)
  return answer
}

export function httpChecks(given: Given): void {
  describe('HTTP', () => {
    const at = (name: 'open' | 'strict' | 'command', path: string) =>
      `http://127.0.0.1:${given()[name].port}${path}`

    test('GET / answers a program with JSON, and a browser with the page', async () => {
      const program = await ask(at('command', '/'))
      expect(program.status).toBe(200)
      expect(JSON.parse(program.body)).toMatchObject({
        message: expect.any(String),
        hint: expect.any(String),
      })
      const page = await ask(at('command', '/'), { headers: browser })
      expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')])
      const [, script = ''] = /<script[^>]+src="([^"]+)"/.exec(page.body) ?? []
      const file = await ask(new URL(script, at('command', '/')).href)
      expect([file.status, file.headers['content-length']]).toEqual([
        200,
        String(Buffer.byteLength(file.body)),
      ])
    })

    test('GET /healthz and /readyz say that all is well; what is not there is not found', async () => {
      expect((await ask(at('open', '/healthz'))).status).toBe(200)
      expect((await ask(at('open', '/readyz'))).status).toBe(200)
      expect((await ask(at('open', '/nothing/here'))).status).toBe(404)
    })

    test('requests that are sent together are answered in their order', async () => {
      const one = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
      const last = 'GET /nothing/here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
      const answer = await exchange(given().open.port, one.repeat(5) + last)
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array(5).fill('HTTP/1.1 200'), 'HTTP/1.1 404'])
    })

    test('a head that is too large, and what is no HTTP, are refused and disturb nobody', async () => {
      const large = `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`
      expect(await exchange(given().open.port, large)).toMatch(/^HTTP\/1\.1 431|^$/)
      expect(await exchange(given().open.port, '\u0016\u0003\u0001 no HTTP at all\r\n\r\n')).toMatch(
        /^HTTP\/1\.1 400|^$/,
      )
      expect((await ask(at('open', '/healthz'))).status).toBe(200)
    })

    test('headers that do not come to an end are cut off in time', async () => {
      const startedMs = performance.now()
      const answer = await exchange(given().strict.port, 'GET / HTTP/1.1\r\nHost: x\r\n', '127.0.0.11')
      expect(answer).toMatch(/^HTTP\/1\.1 408|^$/)
      expect(performance.now() - startedMs).toBeLessThan(STRICT.headersTimeoutMs + 3000)
    })

    test('TCP connections that say nothing are bounded, and timed', async () => {
      const { port } = given().strict
      const sockets = await Promise.all(
        Array.from({ length: STRICT.maxPendingPerAddress + 4 }, () =>
          dialTcp({ port, localAddress: '127.0.0.12' }),
        ),
      )
      const startedMs = performance.now()
      for (const socket of sockets) socket.resume()
      await expect
        .poll(() => sockets.filter((socket) => socket.closed).length, { timeout: PATIENCE_MS })
        .toBeGreaterThanOrEqual(4)
      await expect.poll(() => sockets.every((socket) => socket.closed), { timeout: PATIENCE_MS }).toBe(true)
      // Bun's kernel keeps a silent connection to itself for up to two seconds: see ADR 24.
      expect(performance.now() - startedMs).toBeLessThan(STRICT.headersTimeoutMs + 5000)
    })

    test("attached to the application's own HTTPS server, requests that are its own stay so", async () => {
      const answer = await ask(`https://127.0.0.1:${given().attached.port}/`, { ca: CERTIFICATE })
      expect([answer.status, answer.body]).toEqual([200, 'mine'])
    })
  })

  describe("Phoenix's long poll", () => {
    const path = '/socket/longpoll?vsn=2.0.0'
    const poll = async (token = '', body?: string) => {
      const url = `http://127.0.0.1:${given().open.port}${path}&user_id=polly&token=${token}`
      const options = { headers: { 'content-type': 'application/x-ndjson' } }
      return JSON.parse((await ask(url, body === undefined ? {} : { method: 'POST', body, ...options })).body)
    }

    test('joins, is answered and pushed to, and waits for its window where nothing comes', async () => {
      const { status, token } = await poll()
      expect(status).toBe(410)
      const join = JSON.stringify(['1', '1', 'room:polls', 'phx_join', { meta: {} }])
      expect(await poll(token, join)).toMatchObject({ status: 200 })
      const heard: unknown[] = []
      while (heard.length < 2) heard.push(...((await poll(token)).messages ?? []))
      expect(heard.map((text) => JSON.parse(String(text))[3])).toEqual(['phx_reply', 'presence_state'])
      expect(await poll(token)).toMatchObject({ status: 204 })
    })
  })
}

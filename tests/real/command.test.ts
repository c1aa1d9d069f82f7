import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Command } from './support/command'
import { rollcall } from './support/speakers'

test('rollcall serve says where to look, serves, and closes on SIGTERM', async () => {
  const command = new Command(['serve', '--port', '0', '--host', '127.0.0.1'])
  const port = await command.port()
  expect(command.output).toContain(`ws://127.0.0.1:${port}/socket`)
  const guest = await rollcall.speak(port, 'ada')
  expect((await guest.ask('room:lobby', 'phx_join', { meta: {} })).status).toBe('ok')
  command.process.kill('SIGTERM')
  expect((await guest.peer.whenClosed()).code).toBe(1012)
  expect(await command.exitCode()).toBe(0)
})

test("GET / is the seed's JSON to a program and the demo to a browser", async () => {
  const command = new Command(['serve', '--port', '0'])
  const url = `http://127.0.0.1:${await command.port()}/`
  const program = await fetch(url)
  expect(program.headers.get('content-type')).toContain('application/json')
  expect(Object.keys((await program.json()) as object)).toEqual(['message', 'hint'])
  const browser = await fetch(url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  expect(browser.headers.get('content-type')).toContain('text/html')
  const page = await browser.text()
  expect(page).toContain('<div id="root">')
  const [, script] = /<script[^>]+src="([^"]+)"/.exec(page) ?? []
  expect((await fetch(new URL(script ?? 'missing', url))).status).toBe(200)
  expect((await fetch(`${url}nothing`)).status).toBe(404)
  expect((await fetch(`${url}..%2f..%2fpackage.json`)).status).toBe(404)
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  expect(await (await fetch(`${url}healthz`)).json()).toEqual({ status: 'ok' })
})

test('a port that is taken and a port that is none are said in one line', async () => {
  const first = new Command(['serve', '--port', '0'])
  const port = await first.port()
  const second = new Command(['serve', '--port', String(port)])
  expect(await second.exitCode()).toBe(1)
  expect(second.errors).toContain(`rollcall: Cannot listen on 127.0.0.1:${port}`)
  expect(second.errors).not.toContain('    at ')
  const third = new Command(['serve', '--port', 'ninety'])
  expect(await third.exitCode()).toBe(1)
  expect(third.errors).toContain('whole number from 0 to 65535')
})

test('production is refused without a way to tell who connects, and served where anonymous is meant', async () => {
  const refused = new Command(['serve', '--port', '0'], { NODE_ENV: 'production' })
  expect(await refused.exitCode()).toBe(1)
  expect(refused.errors).toContain('allow-anonymous')
  const served = new Command(['serve', '--port', '0', '--allow-anonymous'], { NODE_ENV: 'production' })
  const guest = await rollcall.speak(await served.port(), 'admin')
  const { response } = await guest.ask('rollcall', 'hello')
  expect(response.identity.id).toMatch(/^guest-/)
})

test.each([
  ['HOST', ''],
  ['REDIS_URL', ''],
  ['REDIS_PASSWORD', ''],
  ['ROLLCALL_JWT_SECRET', ' '],
  ['PORT', ''],
])('[S-17] %s=%j in the environment is refused in one line that names it', async (name, value) => {
  const refused = new Command(['serve', ...(name === 'PORT' ? [] : ['--port', '0'])], { [name]: value })
  expect(await refused.exitCode()).toBe(1)
  expect(refused.errors).toContain(name)
  expect(refused.errors).not.toContain('    at ')
})

describe('[S-17] TLS flags for Redis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-command-'))
  const [pem, text] = [join(folder, 'ca.pem'), join(folder, 'notes.txt')]
  writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n')
  writeFileSync(text, 'no certificate\n')
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const redis = ['--redis', 'rediss://127.0.0.1:1']

  test.each([
    ['no Redis to use TLS with', ['--redis-tls'], {}, 'TLS options for Redis have no effect without Redis'],
    [
      'an authority, and no Redis',
      [],
      { REDIS_CA: pem },
      'TLS options for Redis have no effect without Redis',
    ],
    [
      'a file that is not there',
      [...redis, '--redis-ca', join(folder, 'none')],
      {},
      '--redis-ca cannot be read',
    ],
    ['a file that is not PEM', [...redis, '--redis-ca', text], {}, 'is not PEM'],
    ['a certificate without its key', [...redis, '--redis-cert', pem], {}, '--redis-cert needs --redis-key'],
    ['a key without its certificate', [...redis], { REDIS_KEY: pem }, '--redis-key needs --redis-cert'],
    ['an empty name', [...redis], { REDIS_SERVERNAME: '' }, 'REDIS_SERVERNAME'],
    ['a URL without TLS', ['--redis', 'redis://127.0.0.1:1', '--redis-ca', pem], {}, 'rediss://'],
  ] as const)('%s: refused in one line', async (_what, flags, env, line) => {
    const refused = new Command(['serve', '--port', '0', ...flags], env)
    expect(await refused.exitCode()).toBe(1)
    expect(refused.errors).toContain(line)
    expect(refused.errors.trim().split('\n')).toHaveLength(1)
  })
})

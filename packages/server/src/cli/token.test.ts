import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { jwtAuthenticate } from '../identity/jwt/jwt-authenticate'
import { handshake } from '../testing-support/test-node'
import { addToken } from './token'

const secret = 'thirty-two bytes or more of a secret'

let written: { out: string; err: string }

beforeEach(() => {
  written = { out: '', err: '' }
  vi.stubEnv('ROLLCALL_JWT_SECRET', undefined)
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += text
    return true
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

async function run(...args: readonly string[]): Promise<string> {
  const program = new Command('rollcall').exitOverride().configureOutput({
    writeErr: (text) => {
      written.err += text
    },
  })
  addToken(program)
  for (const command of program.commands) command.exitOverride().configureOutput(program.configureOutput())
  await program.parseAsync(['token', ...args], { from: 'user' })
  return written.out
}

const identify = (printed: string, options: object = {}) =>
  jwtAuthenticate({ secret, ...options })(handshake({ token: printed.trimEnd() }))

describe('rollcall token', () => {
  test('prints a token that a server with the same secret takes, and nothing else', async () => {
    const printed = await run('--jwt-secret', secret, '--id', 'ada')
    expect(printed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(written.err).toBe('')
    const { id, claims } = await identify(printed)
    expect(id).toBe('ada')
    const { iat, exp } = claims as { iat: number; exp: number }
    expect(exp - iat).toBe(3600)
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(60)
  })

  test('takes the secret from the environment, and the flag before that', async () => {
    vi.stubEnv('ROLLCALL_JWT_SECRET', secret)
    expect(await identify(await run('--id', 'ada'))).toMatchObject({ id: 'ada' })
    const other = 'another secret of thirty-two bytes'
    written.out = ''
    const printed = await run('--id', 'ada', '--jwt-secret', other)
    expect(await identify(printed, { secret: other })).toMatchObject({ id: 'ada' })
  })

  test('says other claims: text after =, JSON after :=', async () => {
    const claims = ['role=speaker', 'note=a=b', 'empty=', 'level=5']
    const json = ['admin:=true', 'rooms:=["a","b"]', 'n:=5']
    const printed = await run('--jwt-secret', secret, '--id', 'ada', '--claim', ...claims, '--claim', ...json)
    expect((await identify(printed)).claims).toMatchObject({
      sub: 'ada',
      role: 'speaker',
      note: 'a=b',
      empty: '',
      level: '5',
      admin: true,
      rooms: ['a', 'b'],
      n: 5,
    })
  })

  test('says who made it and for whom', async () => {
    const flags = ['--jwt-secret', secret, '--id', 'ada', '--jwt-issuer', 'us', '--jwt-audience', 'chat']
    const printed = await run(...flags)
    expect(await identify(printed, { issuer: 'us', audience: 'chat' })).toMatchObject({ id: 'ada' })
  })

  test.each([
    ['90s', 90],
    ['15m', 900],
    ['2h', 7200],
    ['7d', 604_800],
  ])('is good for %s', async (time, seconds) => {
    const { claims } = await identify(await run('--jwt-secret', secret, '--id', 'ada', '--expires-in', time))
    const { iat, exp } = claims as { iat: number; exp: number }
    expect(exp - iat).toBe(seconds)
  })
})

describe('what rollcall token refuses', () => {
  test.each<[string, readonly string[], string]>([
    ['no secret', ['--id', 'ada'], 'ROLLCALL_JWT_SECRET'],
    ['a short secret', ['--id', 'ada', '--jwt-secret', 'hunter2'], '32 or more'],
    ['an empty secret', ['--id', 'ada', '--jwt-secret', ''], '32 or more'],
    ['no id', ['--jwt-secret', secret], '--id'],
    ['an empty id', ['--jwt-secret', secret, '--id', ''], 'must not be empty'],
    ['a claim without a value', ['--jwt-secret', secret, '--id', 'a', '--claim', 'admin'], 'name=text'],
    ['a claim without a name', ['--jwt-secret', secret, '--id', 'a', '--claim', '=x'], 'name=text'],
    ['a claim that is no JSON', ['--jwt-secret', secret, '--id', 'a', '--claim', 'a:={'], 'must be JSON'],
    ['another sub', ['--jwt-secret', secret, '--id', 'a', '--claim', 'sub=b'], 'set by --id'],
    ['another exp', ['--jwt-secret', secret, '--id', 'a', '--claim', 'exp:=1'], 'set by --expires-in'],
    ['another iat', ['--jwt-secret', secret, '--id', 'a', '--claim', 'iat:=1'], 'set by the clock'],
    ['no unit', ['--jwt-secret', secret, '--id', 'a', '--expires-in', '60'], 'a unit'],
    ['no time', ['--jwt-secret', secret, '--id', 'a', '--expires-in', '0s'], 'above 0'],
    ['a time ago', ['--jwt-secret', secret, '--id', 'a', '--expires-in', '-1h'], 'above 0'],
  ])('%s, without printing a token or saying the secret', async (_what, args, message) => {
    await expect(run(...args)).rejects.toThrow(message)
    expect(written.out).toBe('')
    expect(written.err).not.toContain(secret)
    expect(written.err).not.toContain('hunter2')
  })
})

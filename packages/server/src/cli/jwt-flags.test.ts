import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { JwksEndpoint, jwk, keySet } from '../testing-support/jwks-endpoint'
import { RecordingLog } from '../testing-support/recording-log'
import { ecPair, pemOf, rsaPair, SECRET, sign, tell } from '../testing-support/tokens'
import { addJwtFlags, authenticateByFlags, type JwtFlags } from './jwt-flags'

const rsa = rsaPair()
const ec = ecPair()

let folder: string
let log: RecordingLog

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-keys-'))
  writeFileSync(join(folder, 'rsa.pem'), pemOf(rsa))
  writeFileSync(join(folder, 'ec.jwk'), JSON.stringify(ec.publicKey.export({ format: 'jwk' }), null, 2))
  writeFileSync(join(folder, 'broken.jwk'), '{"kty": "EC"')
})
afterAll(() => rmSync(folder, { recursive: true }))

beforeEach(() => {
  log = new RecordingLog()
  vi.stubEnv('ROLLCALL_JWT_SECRET', undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** What `rollcall serve` makes of its flags. */
function parse(...args: readonly string[]): JwtFlags & { readonly said: string } {
  let said = ''
  const command = addJwtFlags(new Command('serve').option('--allow-anonymous', 'anybody', false))
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        said += text
      },
    })
  command.parse([...args], { from: 'user' })
  return { ...command.opts<JwtFlags>(), said }
}

const authenticator = (...args: readonly string[]) => authenticateByFlags(parse(...args), log)
const key = (name: string) => join(folder, name)

describe('the flags of tokens', () => {
  test('are none: nobody is identified by tokens', () => {
    expect(authenticator()).toBeNull()
    expect(authenticator('--allow-anonymous')).toBeNull()
    expect(log.lines).toEqual([])
  })

  test('--jwt-secret, or its variable; the flag before that', async () => {
    const token = await sign({ sub: 'ada' })
    expect(await tell(authenticator('--jwt-secret', SECRET)!, token)).toMatchObject({ id: 'ada' })
    vi.stubEnv('ROLLCALL_JWT_SECRET', SECRET)
    expect(await tell(authenticator()!, token)).toMatchObject({ id: 'ada' })
    const other = authenticator('--jwt-secret', 'another secret of thirty-two bytes')!
    expect(await tell(other, token)).toMatchObject({ status: 401 })
  })

  test('--jwt-public-key, a file of PEM or a JWK', async () => {
    const byRsa = await sign({ sub: 'ada' }, { alg: 'RS256', key: rsa.privateKey })
    const byEc = await sign({ sub: 'ada' }, { alg: 'ES256', key: ec.privateKey })
    expect(await tell(authenticator('--jwt-public-key', key('rsa.pem'))!, byRsa)).toMatchObject({ id: 'ada' })
    expect(await tell(authenticator('--jwt-public-key', key('ec.jwk'))!, byEc)).toMatchObject({ id: 'ada' })
    expect(await tell(authenticator('--jwt-public-key', key('ec.jwk'))!, byRsa)).toMatchObject({
      status: 401,
    })
  })

  test('--jwks-url', async () => {
    const endpoint = await JwksEndpoint.open(keySet(jwk('ec-1', ec)))
    try {
      const token = await sign({ sub: 'ada' }, { alg: 'ES256', key: ec.privateKey, kid: 'ec-1' })
      expect(await tell(authenticator('--jwks-url', endpoint.url)!, token)).toMatchObject({ id: 'ada' })
    } finally {
      await endpoint.close()
    }
  })

  test('--jwt-issuer and --jwt-audience', async () => {
    const authenticate = authenticator(
      '--jwt-secret',
      SECRET,
      '--jwt-issuer',
      'us',
      '--jwt-audience',
      'chat',
    )!
    expect(await tell(authenticate, await sign({ sub: 'ada', iss: 'us', aud: 'chat' }))).toMatchObject({
      id: 'ada',
    })
    for (const claims of [{ iss: 'them', aud: 'chat' }, { iss: 'us', aud: 'mail' }, {}]) {
      const token = await sign({ sub: 'ada', ...claims })
      expect(await tell(authenticate, token)).toMatchObject({ status: 403, reason: 'token_not_for_us' })
    }
  })

  test('an issuer’s keys without an audience are warned of, as its tokens for others are taken', () => {
    authenticator('--jwks-url', 'https://id.example/jwks.json')
    expect(log.of('warn').map(({ message }) => message)).toEqual([expect.stringContaining('--jwt-audience')])
    authenticator('--jwks-url', 'https://id.example/jwks.json', '--jwt-audience', 'chat')
    authenticator('--jwt-secret', SECRET)
    expect(log.of('warn')).toHaveLength(1)
  })
})

describe('flags that do not go together', () => {
  const ways: readonly (readonly string[])[] = [
    ['--jwt-secret', SECRET],
    ['--jwks-url', 'https://id.example/jwks.json'],
    ['--jwt-public-key', 'key.pem'],
    ['--allow-anonymous'],
  ]
  const pairs = ways.flatMap((one, index) => ways.slice(index + 1).map((other) => [one, other] as const))

  test.each(pairs)('%s and %s', (one, other) => {
    for (const args of [
      [...one, ...other],
      [...other, ...one],
    ]) {
      expect(() => parse(...args)).toThrow(/cannot be used with/)
      expect(() => parse(...args)).toThrow(one[0])
      expect(() => parse(...args)).toThrow(other[0])
      expect(() => parse(...args)).not.toThrow(SECRET)
    }
  })

  test('the secret’s variable and another way, without saying the secret', () => {
    vi.stubEnv('ROLLCALL_JWT_SECRET', SECRET)
    for (const way of ways.slice(1)) {
      expect(() => parse(...way)).toThrow('ROLLCALL_JWT_SECRET')
      expect(() => parse(...way)).not.toThrow(SECRET)
    }
  })

  test.each<[string, readonly string[], string]>([
    ['an issuer without a key', ['--jwt-issuer', 'us'], '--jwt-issuer has no effect without a key'],
    ['an audience without a key', ['--jwt-audience', 'us'], '--jwt-audience has no effect without a key'],
    ['an empty issuer without a key', ['--jwt-issuer', ''], '--jwt-issuer'],
    ['a short secret', ['--jwt-secret', 'hunter2'], '32 or more'],
    ['an empty secret', ['--jwt-secret', ''], '0 bytes'],
    ['an empty issuer', ['--jwt-secret', SECRET, '--jwt-issuer', ''], 'issuer'],
    ['an open address', ['--jwks-url', 'http://id.example/jwks.json'], 'https:'],
    ['a file that is not there', ['--jwt-public-key', 'nowhere.pem'], 'nowhere.pem'],
    ['a file that is broken', ['--jwt-public-key', 'broken.jwk'], 'neither PEM nor JSON'],
  ])('%s', (_what, args, message) => {
    const [flag = '', value = ''] = args
    const given = flag === '--jwt-public-key' ? [flag, key(value)] : args
    expect(() => authenticator(...given)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    )
    expect(() => authenticator(...given)).not.toThrow(/hunter2/)
  })
})

import { createHmac, createSecretKey } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import { handshake } from '../../testing-support/test-node'
import {
  atNow,
  ecPair,
  forge,
  NOW,
  type Pair,
  pemOf,
  rsaPair,
  SECRET,
  sign,
  tell,
} from '../../testing-support/tokens'
import { HandshakeError } from '../identity'
import { jwtAuthenticate } from './jwt-authenticate'
import type { JwtCommonOptions, JwtOptions } from './jwt-options'

const rsa = rsaPair()
const ec = ecPair()
const hour = NOW + 3600

const bySecret = (options: JwtCommonOptions = {}) => jwtAuthenticate({ secret: SECRET, ...atNow, ...options })
const refusal = (status: number, reason: string) =>
  expect.objectContaining({ name: 'HandshakeError', status, reason })

describe('a token that fits', () => {
  test.each<[string, JwtOptions, Pair | null]>([
    ['HS256', { secret: SECRET }, null],
    ['HS256', { secret: new TextEncoder().encode(SECRET) }, null],
    ['RS256', { publicKey: pemOf(rsa) }, rsa],
    ['RS256', { publicKey: rsa.publicKey.export({ format: 'jwk' }) }, rsa],
    ['ES256', { publicKey: pemOf(ec) }, ec],
    ['ES256', { publicKey: ec.publicKey.export({ format: 'jwk' }) }, ec],
  ])('of %s is who connects, until it expires', async (alg, options, pair) => {
    const claims = { sub: 'ada', exp: hour, role: 'speaker' }
    const token = await sign(claims, pair ? { alg, key: pair.privateKey } : {})
    const authenticate = jwtAuthenticate({ ...options, ...atNow, clockToleranceSeconds: 0 })
    expect(await tell(authenticate, token)).toEqual({ id: 'ada', claims, expiresAtMs: hour * 1000 })
  })

  test('without a time of its own never expires', async () => {
    const identity = await tell(bySecret(), await sign({ sub: 'ada' }))
    expect(identity).toEqual({ id: 'ada', claims: { sub: 'ada' } })
  })

  test('may name its person in another claim', async () => {
    const authenticate = bySecret({ identityClaim: 'user_id' })
    expect(await tell(authenticate, await sign({ user_id: 'ada', sub: 'auth|1' }))).toMatchObject({
      id: 'ada',
    })
  })

  test.each<[string, unknown]>([
    ['no id', undefined],
    ['an empty id', ''],
    ['a number', 5],
    ['null', null],
    ['a list', ['ada']],
  ])('and has %s is refused, and says which claim is meant', async (_what, sub) => {
    const error = await tell(bySecret(), await sign({ sub } as JWTPayload))
    expect(error).toEqual(refusal(401, 'token_invalid'))
    expect((error as HandshakeError).message).toContain('"sub"')
  })

  test.each(['__proto__', 'constructor', 'toString'])(
    'has no id in %s where it has no such claim',
    async (name) => {
      const authenticate = bySecret({ identityClaim: name })
      expect(await tell(authenticate, await sign({ sub: 'ada' }))).toEqual(refusal(401, 'token_invalid'))
    },
  )
})

describe('where the token is', () => {
  const ada = () => sign({ sub: 'ada' })
  const bob = () => sign({ sub: 'bob' })
  const param = (name: string, value: string) => ({ params: new Map([[name, value]]) })

  test('is the handshake’s own place, before the param', async () => {
    const identity = await bySecret()(handshake({ token: await ada(), ...param('token', await bob()) }))
    expect(identity.id).toBe('ada')
  })

  test('is the param, where there is none in its own place', async () => {
    expect((await bySecret()(handshake(param('token', await bob())))).id).toBe('bob')
    const renamed = bySecret({ tokenParam: 'jwt' })
    expect((await renamed(handshake(param('jwt', await bob())))).id).toBe('bob')
  })

  test('is not the param, where that is switched off or another one', async () => {
    const request = handshake(param('token', await bob()))
    await expect(bySecret({ tokenParam: null })(request)).rejects.toEqual(refusal(401, 'token_missing'))
    await expect(bySecret({ tokenParam: 'jwt' })(request)).rejects.toEqual(refusal(401, 'token_missing'))
  })

  test('may be nowhere: 401, and how to send one', async () => {
    for (const token of [null, '']) {
      const error = await tell(bySecret(), token)
      expect(error).toEqual(refusal(401, 'token_missing'))
      expect((error as HandshakeError).message).toContain('Authorization: Bearer')
    }
  })
})

describe('who can make a token', () => {
  const claims = { sub: 'ada', exp: hour }

  test.each<[string, () => string | Promise<string>]>([
    ['no JWT', () => 'let-me-in'],
    ['JSON', () => '{"sub":"ada"}'],
    ['two parts', () => forge({ alg: 'HS256' }, claims, 'x').split('.').slice(0, 2).join('.')],
    ['unsigned (alg none)', () => forge({ alg: 'none' }, claims)],
    ['unsigned, with a signature', () => forge({ alg: 'none' }, claims, 'AAAA')],
    ['unsigned (alg None)', () => forge({ alg: 'None' }, claims, 'AAAA')],
    ['without an algorithm', () => forge({}, claims, 'AAAA')],
    ['of an algorithm that is no text', () => forge({ alg: ['HS256'] }, claims, 'AAAA')],
    ['with an extension that must be known', () => sealed({ alg: 'HS256', crit: ['x'], x: 1 }, claims)],
    ['with claims that are no object', () => sealed({ alg: 'HS256' }, ['ada'])],
    ['of another secret', () => sign(claims, { key: createSecretKey(Buffer.alloc(32)) })],
    ['HS512 with the same secret', () => sign(claims, { alg: 'HS512' })],
    ['RS256 where a secret is used', () => sign(claims, { alg: 'RS256', key: rsa.privateKey })],
    ['with its own key in the header', async () => ownKey()],
  ])('nobody else: %s is refused', async (_what, make) => {
    expect(await tell(bySecret(), await make())).toEqual(refusal(401, 'token_invalid'))
  })

  /** Signed with the secret, but of parts that no library makes. */
  function sealed(header: object, content: object): string {
    const text = forge(header, content).slice(0, -1)
    return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
  }

  function ownKey(): string {
    const key = Buffer.alloc(32, 7)
    const text = forge({ alg: 'HS256', jwk: { kty: 'oct', k: key.toString('base64url') } }, claims).slice(
      0,
      -1,
    )
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }

  test('a proper token of the same making is taken', async () => {
    expect(await tell(bySecret(), sealed({ alg: 'HS256' }, claims))).toMatchObject({ id: 'ada' })
  })

  test.each([
    ['RSA', rsa],
    ['EC', ec],
  ])('nobody who knows the public %s key, by using it as a secret', async (_kind, pair) => {
    const pem = pemOf(pair)
    const spellings = [pem, pem.trim(), JSON.stringify(pair.publicKey.export({ format: 'jwk' }))]
    const secrets = [
      ...spellings.map((text) => Buffer.from(text)),
      pair.publicKey.export({ type: 'spki', format: 'der' }),
    ]
    const authenticate = jwtAuthenticate({ publicKey: pem, ...atNow })
    for (const secret of secrets) {
      const token = await sign(claims, { key: createSecretKey(secret) })
      expect(await tell(authenticate, token)).toEqual(refusal(401, 'token_invalid'))
    }
  })

  test('a key is for one algorithm', async () => {
    const authenticate = jwtAuthenticate({ publicKey: pemOf(rsa), ...atNow })
    for (const alg of ['RS512', 'PS256']) {
      const token = await sign(claims, { alg, key: rsa.privateKey })
      expect(await tell(authenticate, token)).toEqual(refusal(401, 'token_invalid'))
    }
    const foreign = await sign(claims, { alg: 'RS256', key: rsaPair().privateKey })
    expect(await tell(authenticate, foreign)).toEqual(refusal(401, 'token_invalid'))
  })

  test('a signature has one spelling', async () => {
    const token = await sign(claims)
    // 32 bytes leave two bits of the last letter unused: letters that differ only in these decode to the same.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(token.at(-1)!)
    const other = `${token.slice(0, -1)}${letters[last ^ 1]}`
    expect(Buffer.from(other.split('.')[2]!, 'base64url')).toEqual(
      Buffer.from(token.split('.')[2]!, 'base64url'),
    )
    for (const changed of [other, `${token}=`, `${token} `, `${token}\n`, ` ${token}`]) {
      expect(await tell(bySecret(), changed)).toEqual(refusal(401, 'token_invalid'))
    }
  })
})

describe('when a token is taken', () => {
  const take = async (exp: number, options: JwtCommonOptions = {}) =>
    tell(bySecret(options), await sign({ sub: 'ada', exp }))

  test('until five seconds after it expired, as clocks differ', async () => {
    expect(await take(NOW - 4)).toEqual({
      id: 'ada',
      claims: { sub: 'ada', exp: NOW - 4 },
      expiresAtMs: (NOW + 1) * 1000,
    })
    expect(await take(NOW - 5)).toEqual(refusal(401, 'token_expired'))
  })

  test('until the tolerance that is set is over; expiresAtMs is that very moment', async () => {
    expect(await take(NOW + 1, { clockToleranceSeconds: 0 })).toMatchObject({ expiresAtMs: (NOW + 1) * 1000 })
    expect(await take(NOW, { clockToleranceSeconds: 0 })).toEqual(refusal(401, 'token_expired'))
    expect(await take(NOW - 59, { clockToleranceSeconds: 60 })).toMatchObject({ id: 'ada' })
    expect(await take(NOW - 60, { clockToleranceSeconds: 60 })).toEqual(refusal(401, 'token_expired'))
  })

  test('by the time at which it comes, not that of the making', async () => {
    let nowMs = NOW * 1000
    const authenticate = bySecret({ currentTimeMs: () => nowMs })
    const token = await sign({ sub: 'ada', exp: NOW + 10 })
    const identity = await tell(authenticate, token)
    nowMs = (identity as { expiresAtMs: number }).expiresAtMs - 1
    expect(await tell(authenticate, token)).toMatchObject({ id: 'ada' })
    nowMs += 1
    expect(await tell(authenticate, token)).toEqual(refusal(401, 'token_expired'))
  })

  test('by the clock of the system, where no other is given', async () => {
    const authenticate = jwtAuthenticate({ secret: SECRET })
    const now = Math.floor(Date.now() / 1000)
    expect(await tell(authenticate, await sign({ sub: 'ada', exp: now + 60 }))).toMatchObject({ id: 'ada' })
    expect(await tell(authenticate, await sign({ sub: 'ada', exp: now - 60 }))).toEqual(
      refusal(401, 'token_expired'),
    )
  })

  test('from its time on, less the tolerance', async () => {
    expect(await tell(bySecret(), await sign({ sub: 'ada', nbf: NOW + 5 }))).toMatchObject({ id: 'ada' })
    const early = await tell(bySecret(), await sign({ sub: 'ada', nbf: NOW + 6 }))
    expect(early).toEqual(refusal(401, 'token_invalid'))
    expect((early as HandshakeError).message).toContain('not valid yet')
  })

  test('never, where its time is none', async () => {
    for (const claims of [{ exp: 'tomorrow' }, { exp: null }, { nbf: true }]) {
      const token = await sign({ sub: 'ada', ...claims } as object as JWTPayload)
      expect(await tell(bySecret(), token)).toEqual(refusal(401, 'token_invalid'))
    }
  })

  test('an expired token that is not properly signed is invalid, and nothing more', async () => {
    const key = createSecretKey(Buffer.alloc(32))
    const token = await sign({ sub: 'ada', exp: 1, aud: 'other' }, { key })
    expect(await tell(bySecret({ audience: 'chat' }), token)).toEqual(refusal(401, 'token_invalid'))
  })
})

describe('whom a token is for', () => {
  test.each<[string, JwtCommonOptions, object]>([
    ['another issuer', { issuer: 'us' }, { iss: 'them' }],
    ['no issuer', { issuer: 'us' }, {}],
    ['an issuer that is a list', { issuer: 'us' }, { iss: ['us'] }],
    ['none of several issuers', { issuer: ['us', 'partner'] }, { iss: 'them' }],
    ['another audience', { audience: 'chat' }, { aud: 'mail' }],
    ['no audience', { audience: 'chat' }, {}],
    ['none of several audiences', { audience: ['chat', 'voice'] }, { aud: ['mail', 'news'] }],
    ['the wrong letters', { audience: 'chat' }, { aud: 'Chat' }],
  ])('not us, with %s: 403', async (_what, options, claims) => {
    const token = await sign({ sub: 'ada', ...claims })
    expect(await tell(bySecret(options), token)).toEqual(refusal(403, 'token_not_for_us'))
  })

  test.each<[string, JwtCommonOptions, object]>([
    ['the issuer', { issuer: 'us' }, { iss: 'us' }],
    ['one of the issuers', { issuer: ['us', 'partner'] }, { iss: 'partner' }],
    ['the audience', { audience: 'chat' }, { aud: 'chat' }],
    ['the audience among others', { audience: 'chat' }, { aud: ['mail', 'chat'] }],
    ['one of the audiences', { audience: ['chat', 'voice'] }, { aud: 'voice' }],
    ['an audience that nobody asks for', {}, { aud: 'mail', iss: 'them' }],
  ])('us, with %s', async (_what, options, claims) => {
    expect(await tell(bySecret(options), await sign({ sub: 'ada', ...claims }))).toMatchObject({ id: 'ada' })
  })
})

describe('[S-17] options that cannot work', () => {
  test.each<[string, object, string]>([
    ['no key', {}, 'but got 0'],
    ['two kinds of key', { secret: SECRET, jwksUrl: 'https://id.example/jwks' }, 'but got 2'],
    ['three', { secret: SECRET, publicKey: pemOf(ec), jwksUrl: 'https://id.example/jwks' }, 'but got 3'],
    ['a short secret', { secret: 'short' }, '32'],
    ['an empty issuer', { secret: SECRET, issuer: '' }, 'issuer'],
    ['no issuer of several', { secret: SECRET, issuer: [] }, 'issuer'],
    ['an empty audience among others', { secret: SECRET, audience: ['chat', ''] }, 'audience'],
    ['a negative tolerance', { secret: SECRET, clockToleranceSeconds: -1 }, 'clockToleranceSeconds'],
    ['an endless tolerance', { secret: SECRET, clockToleranceSeconds: Infinity }, 'clockToleranceSeconds'],
    ['a tolerance in words', { secret: SECRET, clockToleranceSeconds: '5s' }, 'clockToleranceSeconds'],
    ['no claim', { secret: SECRET, identityClaim: '' }, 'identityClaim'],
    ['no param', { secret: SECRET, tokenParam: '' }, 'tokenParam'],
  ])('%s', (_what, options, message) => {
    expect(() => jwtAuthenticate(options as JwtOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    )
  })
})

test('503 says by itself that it is for now', () => {
  expect(new HandshakeError(503, 'Later.').reason).toBe('unavailable')
})

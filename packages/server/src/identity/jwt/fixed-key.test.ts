import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ecPair, pemOf, rsaPair, SECRET } from '../../testing-support/tokens'
import { publicKey, secretKey } from './fixed-key'

const rsa = rsaPair()
const ec = ecPair()

const refused = (message: string) =>
  expect.objectContaining({
    name: 'ServerError',
    code: 'invalid_option',
    message: expect.stringContaining(message),
  })

describe('a secret', () => {
  test.each([
    ['32 bytes of text', 'x'.repeat(32)],
    ['32 bytes in 16 characters', 'é'.repeat(16)],
    ['32 bytes', new Uint8Array(32)],
  ])('of %s is for HS256', (_what, secret) => {
    expect(secretKey(secret)).toMatchObject({ algorithm: 'HS256', key: { symmetricKeySize: 32 } })
  })

  test.each([
    ['', 'has 0 bytes'],
    ['x'.repeat(31), 'has 31 bytes'],
    ['é'.repeat(15), 'has 30 bytes'],
  ])('[S-17] of too few bytes is refused: %j', (secret, message) => {
    expect(() => secretKey(secret)).toThrow(refused(message))
  })

  test.each(['hunter2', '-----BEGIN hunter2 hunter2 hunter2 hunter2'])(
    'that is refused is not said',
    (secret) => {
      let said = ''
      try {
        secretKey(secret)
      } catch (error) {
        said = inspect(error, { depth: 9, showHidden: true })
      }
      expect(said).toContain('invalid_option')
      expect(said).not.toContain('hunter2')
    },
  )

  test.each([
    ['PEM', pemOf(rsa)],
    ['PEM after a line break', `\n${pemOf(ec)}`],
    ['a JWK', JSON.stringify(rsa.publicKey.export({ format: 'jwk' }), null, 2)],
    ['bytes of PEM', Buffer.from(pemOf(rsa))],
  ])('that is a public key as %s is refused, as everybody could sign with it', (_what, secret) => {
    expect(() => secretKey(secret)).toThrow(refused('--jwt-public-key'))
  })

  test('that is neither text nor bytes is refused', () => {
    expect(() => secretKey(5 as unknown as string)).toThrow(refused('string or bytes'))
  })
})

describe('a public key', () => {
  test.each([
    ['RSA', 'RS256', rsa],
    ['P-256', 'ES256', ec],
  ])('of %s is for %s, as PEM and as a JWK', (_kind, algorithm, pair) => {
    expect(publicKey(pemOf(pair))).toMatchObject({ algorithm })
    expect(publicKey(pair.publicKey.export({ format: 'jwk' }))).toMatchObject({ algorithm })
  })

  const ed25519 = generateKeyPairSync('ed25519')
  const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const ecPrivatePem = ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string

  test.each([
    ['RSA of 1024 bits', pemOf(rsaPair(1024)), '1024 bits'],
    ['of another curve', pemOf(ecPair('P-384')), 'ec secp384r1'],
    ['of another kind', pemOf(ed25519), 'ed25519'],
    ['private', privatePem, 'private key'],
    ['private, in another PEM', ecPrivatePem, 'private key'],
    ['a private JWK', ec.privateKey.export({ format: 'jwk' }), 'private key'],
    ['a symmetric JWK', { kty: 'oct', k: 'AAAA' }, 'symmetric'],
    ['a JWK for encryption', { ...rsa.publicKey.export({ format: 'jwk' }), use: 'enc' }, '"sig"'],
    ['a JWK without its numbers', { kty: 'RSA' }, 'cannot be parsed'],
    ['PEM of nonsense', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'cannot be parsed'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'BEGIN PUBLIC KEY'],
    ['a secret', SECRET, 'BEGIN PUBLIC KEY'],
    ['null', null as unknown as string, 'PEM or a JWK'],
  ])('[S-17] that is %s is refused', (_what, key, message) => {
    expect(() => publicKey(key)).toThrow(refused(message))
  })
})

import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { JwksEndpoint, jwk, keySet } from '../../testing-support/jwks-endpoint'
import { RecordingLog } from '../../testing-support/recording-log'
import { ecPair, rsaPair, sign, tell } from '../../testing-support/tokens'
import { until } from '../../testing-support/until'
import { VirtualClock } from '../../testing-support/virtual-clock'
import type { Identity } from '../identity'
import { jwtAuthenticate } from './jwt-authenticate'
import type { JwtJwksOptions } from './jwt-options'
import { MAX_DOCUMENT_BYTES, RETRY_MS, remoteKeys } from './remote-keys'

const rsa = rsaPair()
const ec = ecPair()
const other = ecPair()

const invalid = expect.objectContaining({ status: 401, reason: 'token_invalid' })
const unavailable = expect.objectContaining({ status: 503, reason: 'keys_unavailable' })
const ada = expect.objectContaining({ id: 'ada' })

/** The time of day is what kept keys grow old by; the virtual clock is what a retry waits by. */
const clock = new VirtualClock()

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
  clock.elapse(ms)
}

let endpoint: JwksEndpoint
let log: RecordingLog

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  log = new RecordingLog()
  endpoint = await JwksEndpoint.open(keySet(jwk('ec-1', ec), jwk('rsa-1', rsa)))
})

afterEach(async () => {
  vi.useRealTimers()
  await endpoint.close()
})

const es256 = (kid: string | undefined, pair = ec, claims = {}) =>
  sign(
    { sub: 'ada', ...claims },
    { alg: 'ES256', key: pair.privateKey, ...(kid === undefined ? {} : { kid }) },
  )

const authenticator = (options: Partial<JwtJwksOptions> = {}) =>
  jwtAuthenticate({ jwksUrl: endpoint.url, logger: log, clock, ...options })

describe('keys that an issuer publishes', () => {
  test('take tokens of ES256 and RS256, with one fetch for many', async () => {
    const authenticate = authenticator()
    const tokens = await Promise.all([
      es256('ec-1'),
      sign({ sub: 'ada' }, { alg: 'RS256', key: rsa.privateKey, kid: 'rsa-1' }),
    ])
    for (let round = 0; round < 3; round++) {
      const told = await Promise.all([...tokens, ...tokens].map((token) => tell(authenticate, token)))
      expect(told).toEqual([ada, ada, ada, ada])
    }
    expect(endpoint.count).toBe(1)
  })

  test('are not fetched before somebody comes with a token that might fit', async () => {
    const authenticate = authenticator()
    const hs256 = await sign({ sub: 'ada' }, { kid: 'ec-1' })
    for (const token of [null, 'nonsense', hs256]) await tell(authenticate, token)
    expect(endpoint.count).toBe(0)
  })

  test('fit a token without a kid where there is one of its algorithm', async () => {
    expect(await tell(authenticator(), await es256(undefined))).toEqual(ada)
    endpoint.answer = keySet(jwk('ec-1', ec), jwk('ec-2', other))
    expect(await tell(authenticator(), await es256(undefined))).toEqual(invalid)
  })

  test('are no secrets: a token signed with HS256 and a published key is refused', async () => {
    const { createSecretKey } = await import('node:crypto')
    for (const text of [JSON.stringify(jwk('rsa-1', rsa)), String((jwk('rsa-1', rsa) as { n: string }).n)]) {
      const token = await sign({ sub: 'ada' }, { key: createSecretKey(Buffer.from(text)), kid: 'rsa-1' })
      expect(await tell(authenticator(), token)).toEqual(invalid)
    }
  })

  test('of another kid than the token names do not fit it', async () => {
    endpoint.answer = keySet(jwk('ec-1', ec), jwk('ec-2', other))
    const authenticate = authenticator()
    expect(await tell(authenticate, await es256('ec-2', other))).toEqual(ada)
    expect(await tell(authenticate, await es256('ec-2', ec))).toEqual(invalid)
  })

  test('for something else than signatures are not used', async () => {
    endpoint.answer = keySet({ ...jwk('ec-1', ec), use: 'enc' })
    expect(await tell(authenticator(), await es256('ec-1'))).toEqual(invalid)
  })
})

describe('rotation', () => {
  test('a new key is fetched when a token names it, and the old one stays until it is gone', async () => {
    const authenticate = authenticator()
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)

    endpoint.answer = keySet(jwk('ec-1', ec), jwk('ec-2', other))
    pass(30_000)
    expect(await tell(authenticate, await es256('ec-2', other))).toEqual(ada)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
    expect(endpoint.count).toBe(2)

    endpoint.answer = keySet(jwk('ec-2', other))
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
    pass(600_000)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(invalid)
    expect(await tell(authenticate, await es256('ec-2', other))).toEqual(ada)
    expect(endpoint.count).toBe(3)
  })

  test('a flood of names that nobody knows makes one fetch for each cooldown, not for each', async () => {
    const authenticate = authenticator()
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
    const flood = async (name: string) => {
      const tokens = await Promise.all(Array.from({ length: 50 }, (_, index) => es256(`${name}-${index}`)))
      for (const token of tokens.slice(0, 10)) expect(await tell(authenticate, token)).toEqual(invalid)
      const told = await Promise.all(tokens.map((token) => tell(authenticate, token)))
      expect(told.every((one) => 'status' in one && one.status === 401)).toBe(true)
    }
    await flood('a')
    expect(endpoint.count).toBe(1)
    pass(30_000)
    await flood('b')
    expect(endpoint.count).toBe(2)
    pass(29_999)
    await flood('c')
    expect(endpoint.count).toBe(2)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
  })

  test('the times are options', async () => {
    const authenticate = authenticator({ jwksMaxAgeMs: 2000, jwksCooldownMs: 500 })
    const [known, unknown] = [await es256('ec-1'), await es256('ec-9')]
    const countAfter = async (ms: number, token: string) => {
      pass(ms)
      await tell(authenticate, token)
      return endpoint.count
    }
    expect(await countAfter(0, known)).toBe(1)
    expect(await countAfter(499, unknown)).toBe(1)
    expect(await countAfter(1, unknown)).toBe(2)
    expect(await countAfter(1999, known)).toBe(2)
    expect(await countAfter(1, known)).toBe(3)
  })
})

describe('an endpoint that is down', () => {
  test('is 503 while it is, and taken up once it is there', async () => {
    const { port, url } = endpoint
    await endpoint.close()
    const authenticate = jwtAuthenticate({ jwksUrl: url, logger: log, clock })
    const token = await es256('ec-1')
    expect(await tell(authenticate, token)).toEqual(unavailable)
    expect(log.of('warn').map(({ context }) => context.why)).toEqual([
      expect.stringContaining('ECONNREFUSED'),
    ])
    await endpoint.listen(port)
    pass(RETRY_MS)
    expect(await tell(authenticate, token)).toEqual(ada)
  })

  test('is asked once in a while and not for each handshake, and logged as often', async () => {
    endpoint.answer = failing(500)
    const authenticate = authenticator()
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => es256(`ec-${index}`)))
    const told = await Promise.all(tokens.map((token) => tell(authenticate, token)))
    expect(told).toEqual(tokens.map(() => unavailable))
    for (const token of tokens) expect(await tell(authenticate, token)).toEqual(unavailable)
    expect(endpoint.count).toBe(1)
    expect(log.of('warn')).toHaveLength(1)
    pass(RETRY_MS)
    for (const token of tokens) await tell(authenticate, token)
    expect(endpoint.count).toBe(2)
    expect(log.of('warn')).toHaveLength(2)
  })

  test('hurts nobody whose key is kept', async () => {
    const authenticate = authenticator()
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
    endpoint.answer = failing(503)
    pass(60_000)
    expect(await tell(authenticate, await es256('ec-2', other))).toEqual(unavailable)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
  })

  test('makes kept keys useless only once they are too old to be trusted', async () => {
    const authenticate = authenticator()
    const token = await es256('ec-1')
    expect(await tell(authenticate, token)).toEqual(ada)
    endpoint.answer = failing(503)
    pass(599_999)
    expect(await tell(authenticate, token)).toEqual(ada)
    pass(1)
    expect(await tell(authenticate, token)).toEqual(unavailable)
    endpoint.answer = keySet(jwk('ec-1', ec))
    pass(RETRY_MS)
    expect(await tell(authenticate, token)).toEqual(ada)
  })
})

describe('an answer that is none', () => {
  const huge: RequestListener = (_request, response) => {
    const piece = `${' '.repeat(65_536)}`
    const more = () => {
      while (!response.destroyed && response.write(piece)) {}
    }
    response.on('drain', more)
    more()
  }
  const privateJwk = { kid: 'ec-1', ...ec.privateKey.export({ format: 'jwk' }) }

  test.each<[string, RequestListener]>([
    ['404', failing(404)],
    ['204', failing(204)],
    ['elsewhere', (_request, response) => response.writeHead(302, { location: '/jwks.json?2' }).end()],
    ['a page', (_request, response) => response.end('<html>Sign in</html>')],
    ['nothing', (_request, response) => response.end()],
    ['other JSON', (_request, response) => response.end('{"keys": 5}')],
    ['a list', (_request, response) => response.end('[]')],
    ['keys that are no objects', (_request, response) => response.end('{"keys": ["ec-1"]}')],
    ['cut off', (_request, response) => response.writeHead(200, { 'content-length': '99' }).flushHeaders()],
    ['endless', huge],
    ['a private key', keySet(privateJwk)],
    ['a key without its numbers', keySet({ kty: 'EC', crv: 'P-256', kid: 'ec-1' })],
  ])('%s: 503, and a line in the log', async (what, answer) => {
    endpoint.answer =
      what === 'cut off'
        ? (request, response) => {
            answer(request, response)
            setImmediate(() => response.destroy())
          }
        : answer
    const authenticate = authenticator()
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(unavailable)
    expect(endpoint.count).toBe(1)
    expect(log.of('warn').map(({ context }) => context.from)).toEqual([endpoint.url])

    endpoint.answer = keySet(jwk('ec-1', ec))
    pass(600_000)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
  })

  test('an endless one is read no further than it may', async () => {
    let isLetGo = false
    endpoint.answer = (request, response) => {
      response.on('close', () => {
        isLetGo = true
      })
      huge(request, response)
    }
    expect(await tell(authenticator({ jwksTimeoutMs: 60_000 }), await es256('ec-1'))).toEqual(unavailable)
    expect(log.of('warn').map(({ context }) => context.why)).toEqual([
      `The response has more than ${MAX_DOCUMENT_BYTES} bytes.`,
    ])
    await until(() => isLetGo, 'the answer to be broken off')
  })

  test('a set of just the most bytes is read, and one of a byte more is not', async () => {
    const text = JSON.stringify({ keys: [jwk('ec-1', ec)] })
    const padded = (bytes: number): RequestListener => {
      return (_request, response) => response.end(text + ' '.repeat(bytes - text.length))
    }
    endpoint.answer = padded(MAX_DOCUMENT_BYTES)
    expect(await tell(authenticator(), await es256('ec-1'))).toEqual(ada)
    endpoint.answer = padded(MAX_DOCUMENT_BYTES + 1)
    clock.elapse(RETRY_MS)
    expect(await tell(authenticator(), await es256('ec-1'))).toEqual(unavailable)
  })

  test('an RSA key that is too short: 503 for its tokens, and the others are taken', async () => {
    const weak = rsaPair(1024)
    const { createSign } = await import('node:crypto')
    endpoint.answer = keySet(jwk('weak', weak), jwk('ec-1', ec))
    const text = [{ alg: 'RS256', kid: 'weak' }, { sub: 'ada' }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = createSign('sha256').update(text).sign(weak.privateKey, 'base64url')
    const authenticate = authenticator()
    expect(await tell(authenticate, `${text}.${signature}`)).toEqual(unavailable)
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(ada)
  })

  test.each<[string, RequestListener]>([
    ['says nothing', () => {}],
    ['says its head and no more', (_request, response) => response.writeHead(200).flushHeaders()],
    ['begins and stalls', (_request, response) => void response.write('{"keys": [')],
  ])('an endpoint that %s has its time, and is let go', async (_what, answer) => {
    let isLetGo = false
    endpoint.answer = (request, response) => {
      response.on('close', () => {
        isLetGo = true
      })
      answer(request, response)
    }
    const authenticate = authenticator({ jwksTimeoutMs: 50 })
    expect(await tell(authenticate, await es256('ec-1'))).toEqual(unavailable)
    await until(() => isLetGo, 'the request to be given up')
  })

  test('an endpoint that is slow, but not too slow, is waited for', async () => {
    let answerNow = () => {}
    endpoint.answer = (request, response) => {
      answerNow = () => keySet(jwk('ec-1', ec))(request, response)
    }
    const authenticate = authenticator()
    const token = await es256('ec-1')
    const told = [tell(authenticate, token), tell(authenticate, token)]
    await until(() => endpoint.count === 1, 'the fetch')
    answerNow()
    const identities = (await Promise.all(told)) as Identity[]
    expect(identities.map(({ id }) => id)).toEqual(['ada', 'ada'])
    expect(endpoint.count).toBe(1)
  })
})

describe('[S-17] an address that will not do', () => {
  test.each([
    ['http://id.example/jwks.json', 'must use https:'],
    ['http://127.0.0.1.example/jwks.json', 'must use https:'],
    ['http://10.0.0.1/jwks.json', 'must use https:'],
    ['file:///etc/keys.json', 'must use https:'],
    ['data:application/json,{"keys":[]}', 'must use https:'],
    ['jwks.json', 'not a valid URL'],
    ['https://user:hunter2@id.example/jwks.json', 'user name or password'],
  ])('%s', (jwksUrl, message) => {
    expect(() => remoteKeys({ jwksUrl }, new RecordingLog())).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    )
    expect(() => remoteKeys({ jwksUrl }, new RecordingLog())).not.toThrow(/hunter2/)
  })

  test.each([
    'https://id.example/jwks.json',
    new URL('https://id.example/jwks.json'),
    'http://127.0.0.1:8080/jwks.json',
    'http://[::1]:8080/jwks.json',
    'http://localhost/jwks.json',
  ])('but %s will', (jwksUrl) => {
    expect(remoteKeys({ jwksUrl }, new RecordingLog())).toBeTypeOf('function')
  })

  test.each(['jwksTimeoutMs', 'jwksMaxAgeMs', 'jwksCooldownMs'])('%s must be a time', (name) => {
    for (const value of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5s', 2 ** 31]) {
      expect(() => remoteKeys({ jwksUrl: 'https://id.example/', [name]: value }, new RecordingLog())).toThrow(
        expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(name) }),
      )
    }
  })
})

function failing(status: number): RequestListener {
  return (_request, response) => response.writeHead(status).end()
}

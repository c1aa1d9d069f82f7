import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { defineChannel, Router } from './channel/channel-definition'
import { allowIf, logCalls, rateLimit } from './channel/middleware'
import { checkOptions } from './check-options'
import { jwtAuthenticate } from './identity/jwt/jwt-authenticate'
import { resolveServerOptions, SERVER_OPTION_TYPES } from './resolve-options'
import { createServer } from './server'
import { MemoryStoreState } from './store/memory/memory-store'
import { RedisStore } from './store/redis/redis-store'

// As a program that is not type-checked calls it.
type Loose = (options: unknown) => unknown

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = publicKey.export({ format: 'jwk' })
const url = 'redis://127.0.0.1:6379'
const server = createServer({ port: 0 })

/** Every function that takes options, with some that are fine. */
const takers: readonly [name: string, take: Loose, fine: object][] = [
  ['createServer', (given) => resolveServerOptions(given as never), { port: 0 }],
  ...Object.entries(SERVER_OPTION_TYPES)
    .filter(([, type]) => typeof type === 'object' && !(Array.isArray(type) && typeof type[0] === 'string'))
    .map(
      ([name]) =>
        [`createServer, ${name}`, (given: unknown) => resolveServerOptions({ [name]: given }), {}] as [
          string,
          Loose,
          object,
        ],
    ),
  [
    'createServer, rates.joins',
    (given) => resolveServerOptions({ rates: { joins: given as never } }),
    { perSecond: 1, burst: 1 },
  ],
  ['defineChannel', (given) => defineChannel(given as never), { topicPattern: 'a' }],
  ['a channel that is not made by it', (given) => new Router([given as never]), { topicPattern: 'a' }],
  ['rateLimit', (given) => rateLimit(given as never), { perSecond: 1, burst: 1 }],
  ['jwtAuthenticate with a secret', (given) => jwtAuthenticate(given as never), { secret: 's'.repeat(32) }],
  ['jwtAuthenticate with a public key', (given) => jwtAuthenticate(given as never), { publicKey: jwk }],
  [
    'jwtAuthenticate with a URL',
    (given) => jwtAuthenticate(given as never),
    { jwksUrl: 'https://a.example/jwks' },
  ],
  ['MemoryStoreState', (given) => new MemoryStoreState('e', given as never), {}],
  ['RedisStore', (given) => new RedisStore(given as never), { connection: url }],
  [
    'RedisStore, Sentinel',
    (given) => new RedisStore({ connection: given as never }),
    { sentinels: [{ host: 'a', port: 1 }], name: 'main' },
  ],
  [
    'RedisStore, a Cluster',
    (given) => new RedisStore({ connection: given as never }),
    { cluster: [{ host: 'a', port: 1 }] },
  ],
  [
    'RedisStore, an address',
    (given) => new RedisStore({ connection: { cluster: [given as never] } }),
    { host: 'a', port: 1 },
  ],
]

const refused = (message: RegExp) =>
  expect.objectContaining({
    name: 'ServerError',
    code: 'invalid_option',
    message: expect.stringMatching(message),
  })

describe('[S-60] every object of options', () => {
  describe.each(takers)('of %s', (_name, take, fine) => {
    test('is taken where it is fine', () => {
      expect(() => take(fine)).not.toThrow()
    })

    test('is refused for a name that is not known', () => {
      expect(() => take({ ...fine, noSuchOptionAtAll: 1 })).toThrow(
        refused(/(no|unknown) option ".*noSuchOptionAtAll"/),
      )
    })

    test.each(['constructor', 'toString'])('is refused for %s, which every object has', (name) => {
      expect(() => take({ ...fine, [name]: 1 })).toThrow(refused(new RegExp(name)))
    })

    test.each([[null], [5], ['text'], [['list']]])('is refused where it is %j', (given) => {
      expect(() => take(given)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    })
  })

  test('of drain and kick, too', async () => {
    await expect(server.drain({ overMS: 1 } as never)).rejects.toEqual(
      refused(/Did you mean drain: overMs\?/),
    )
    await expect(server.kick({ identity: 'a', sesion: 'b' } as never)).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test.each([
    [() => logCalls(null as never)],
    [() => allowIf('everybody' as never)],
    [() => defineChannel({ topicPattern: 'a', handlers: { say: 'hello' } } as never)],
    [() => defineChannel({ topicPattern: 'a', middleware: [{}] } as never)],
  ])('what has to be a function or a logger is one: %s', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})

describe('[S-60] the nearest name is told', () => {
  test.each([
    [{ allowedOrigin: '*' }, 'There is no option "allowedOrigin". Did you mean allowedOrigins?'],
    [{ graceMs: 5 }, 'There is no option "graceMs". Did you mean grace.graceMs?'],
    [{ grace: { gracems: 5 } }, 'There is no option "grace.gracems". Did you mean grace.graceMs?'],
    [
      { rates: { joins: { persecond: 1, burst: 1 } } },
      'There is no option "rates.joins.persecond". Did you mean rates.joins.perSecond?',
    ],
    [{ keyBytes: 5 }, 'There is no option "keyBytes". Did you mean limits.keyBytes?'],
    [{ autenticate: () => ({ id: 'a' }) }, 'There is no option "autenticate". Did you mean authenticate?'],
    [{ grace: { zzz: 1 } }, 'There is no option "grace.zzz". The options are graceMs, pageGraceMs.'],
  ])('%j', (given, message) => {
    expect(() => resolveServerOptions(given as never)).toThrow(expect.objectContaining({ message }))
  })
})

describe('[S-60] a value of another type is refused, with both', () => {
  test.each([
    [{ grace: { graceMs: '10' } }, 'grace.graceMs must be a number, not the string "10".'],
    [{ grace: { pageGraceMs: null } }, 'grace.pageGraceMs must be a number, not null.'],
    [{ handlerTimeoutMs: '10' }, 'handlerTimeoutMs must be a number, not the string "10".'],
    [{ authenticate: { id: 'a' } }, 'authenticate must be a function, not an object.'],
    [{ authenticate: null }, 'authenticate must be a function, not null.'],
    [{ allowAnonymous: 'yes' }, 'allowAnonymous must be true or false, not the string "yes".'],
    [{ channels: {} }, 'channels must be an array, not an object.'],
    [{ compression: true }, 'compression must be an object or false, not true.'],
    [{ allowedOrigins: 5 }, 'allowedOrigins must be a string or an array or a function, not 5.'],
    [{ host: 'a text that may be a secret'.length }, 'host must be a string, not 27.'],
    [{ maxPageBytes: 'a text that may be a secret' }, 'maxPageBytes must be a number, not a string.'],
  ])('%j', (given, message) => {
    expect(() => resolveServerOptions(given as never)).toThrow(expect.objectContaining({ message }))
  })

  test.each(Object.keys(SERVER_OPTION_TYPES))('%s is checked somewhere: a symbol is refused', (name) => {
    expect(() => resolveServerOptions({ [name]: Symbol('x') } as never)).toThrow()
  })
})

test('a name as long as a book takes no time to be refused', () => {
  expect(() => checkOptions('', { ['x'.repeat(1_000_000)]: 1 }, SERVER_OPTION_TYPES)).toThrow(
    'There is no option',
  )
})

import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { type IdentifyContext, identify } from '../identity/identify'
import { type Authenticate, HandshakeError } from '../identity/identity'
import type { HandshakeRequest } from '../io/wire'
import { SampledLog } from '../log'
import { CONTROL_TOPIC } from '../store/node-messages'
import { RecordingLog } from '../testing-support/recording-log'
import { SeededRandom } from '../testing-support/seeded-random'
import { testAdmissionControl } from '../testing-support/test-admission-control'
import { handshake } from '../testing-support/test-node'
import { VirtualClock } from '../testing-support/virtual-clock'
import { type AdmissionContext, admit } from './admit'

function admission(changes: Partial<IdentifyContext & Omit<AdmissionContext, 'identify'>> = {}) {
  const clock = new VirtualClock()
  const log = new RecordingLog()
  const context = {
    limits: DEFAULT_LIMITS,
    clock,
    random: new SeededRandom(1),
    log,
    refusedIdentities: new SampledLog(log, 'refused'),
    authenticate: null,
    authenticateTimeoutMs: 1000,
    allowAnonymous: false,
    implicitTopic: 'room:lobby',
    mode: () => 'development' as const,
    isDraining: () => false,
    admissionControl: testAdmissionControl({ clock, log }),
    ...changes,
  }
  const whole: AdmissionContext = { ...context, identify: (request) => identify(request, context) }
  return {
    clock,
    log,
    admit: (request: Partial<HandshakeRequest> = {}) => admit(handshake(request), whole),
  }
}

/** An object that throws at whatever is done with it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const ada = new Map([['user_id', 'ada']])

describe('[S-14] without authenticate', () => {
  test('development believes the user_id', async () => {
    expect(await admission().admit({ params: ada })).toMatchObject({ identity: { id: 'ada' } })
  })

  test('production takes nobody, and the log says what to set', async () => {
    const { admit, log } = admission({ mode: () => 'production' })
    expect(await admit({ params: ada })).toMatchObject({ status: 401, reason: 'unauthorized' })
    expect(log.of('error')[0]?.message).toContain('allowAnonymous')
  })

  test('production with allowAnonymous takes guests, and believes no user_id', async () => {
    const { admit } = admission({ mode: () => 'production', allowAnonymous: true })
    expect(await admit({ params: ada })).toMatchObject({ identity: { id: expect.stringMatching(/^guest-/) } })
  })

  test('two guests are two', async () => {
    const { admit } = admission()
    const ids = [await admit(), await admit()].map((one) => ('identity' in one ? one.identity.id : null))
    expect(new Set(ids).size).toBe(2)
  })
})

describe('[S-14] with authenticate', () => {
  const secret = 'token=very-secret'
  const authenticated = (authenticate: Authenticate) => admission({ authenticate, mode: () => 'production' })

  test.each<[string, Authenticate]>([
    ['returns', () => ({ id: 'ada', claims: { role: 'admin' } })],
    ['resolves with', async () => ({ id: 'ada', claims: { role: 'admin' } })],
  ])('who it %s is who connects, claims and all', async (_what, authenticate) => {
    const admitted = await authenticated(authenticate).admit()
    expect(admitted).toMatchObject({ identity: { id: 'ada', claims: { role: 'admin' } } })
  })

  test('it sees the handshake, and development does not go round it', async () => {
    const seen: HandshakeRequest[] = []
    const { admit } = admission({
      authenticate: (request) => {
        seen.push(request)
        return { id: 'bob' }
      },
    })
    expect(await admit({ params: ada, headers: { cookie: 'c' } })).toMatchObject({ identity: { id: 'bob' } })
    expect(seen).toEqual([handshake({ params: ada, headers: { cookie: 'c' } })])
  })

  test.each<[string, Authenticate]>([
    [
      'throws',
      () => {
        throw new HandshakeError(403, 'You are banned.', 'banned')
      },
    ],
    ['rejects with', () => Promise.reject(new HandshakeError(403, 'You are banned.', 'banned'))],
  ])('a refusal that it %s is told, and not logged as a failure', async (_what, authenticate) => {
    const { admit, log } = authenticated(authenticate)
    expect(await admit()).toEqual({ status: 403, reason: 'banned', message: 'You are banned.' })
    expect(log.lines).toEqual([])
  })

  test.each<[string, Authenticate]>([
    [
      'throws another error',
      () => {
        throw new Error(secret)
      },
    ],
    ['rejects with another error', () => Promise.reject(new Error(secret))],
    ['throws no error at all', () => Promise.reject(secret)],
    ['returns nothing', (() => undefined) as unknown as Authenticate],
    ['returns null', (() => null) as unknown as Authenticate],
    ['returns an identity without an id', (() => ({ claims: {} })) as unknown as Authenticate],
    ['returns an empty id', () => ({ id: '' })],
    ['returns a number for an id', (() => ({ id: 5 })) as unknown as Authenticate],
    ['returns text', (() => 'ada') as unknown as Authenticate],
    ['returns a list', (() => ['ada']) as unknown as Authenticate],
    [
      'returns an end that is no time',
      (() => ({ id: 'ada', expiresAtMs: 'soon' })) as unknown as Authenticate,
    ],
    ['returns an end that is no number', () => ({ id: 'ada', expiresAtMs: Number.NaN })],
    ['returns text for isGuest', (() => ({ id: 'ada', isGuest: 'yes' })) as unknown as Authenticate],
    ['returns a list for claims', (() => ({ id: 'ada', claims: ['admin'] })) as unknown as Authenticate],
    ['returns null for an end', (() => ({ id: 'ada', expiresAtMs: null })) as unknown as Authenticate],
    [
      'returns what throws when its id is read',
      () => ({
        get id(): string {
          throw new Error(secret)
        },
      }),
    ],
    [
      'returns what throws when its claims are read',
      () => ({
        id: 'ada',
        get claims(): Record<string, unknown> {
          throw new Error(secret)
        },
      }),
    ],
    [
      'returns a promise of its own making that breaks',
      (() => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then: () => {
          throw new Error(secret)
        },
      })) as unknown as Authenticate,
    ],
    [
      'throws undefined',
      () => {
        throw undefined
      },
    ],
    ['rejects with what cannot be looked at', () => Promise.reject(revoked())],
    ['refuses with a status that is none', () => Promise.reject(new HandshakeError(200 as 401, secret))],
  ])('where it %s, 500, which tells the peer nothing and the log all', async (_what, authenticate) => {
    const { admit, log } = authenticated(authenticate)
    const refusal = await admit()
    expect(refusal).toMatchObject({ status: 500, reason: 'authenticate_failed' })
    expect(JSON.stringify(refusal)).not.toContain('secret')
    expect(log.of('error')).toHaveLength(1)
  })

  test('[S-94] the log says which field of an identity has the wrong type', async () => {
    const isGuest = 'no' as unknown as boolean
    const { admit, log } = authenticated(() => ({ id: 'ada', isGuest }))
    expect(await admit()).toMatchObject({ status: 500 })
    const message =
      'authenticate returned an identity whose isGuest must be true or false, not a value of type string.'
    expect(log.of('error')[0]?.context.err).toMatchObject({ message })
  })

  test('[S-41] an id that no name may be is refused, and both sides are told which character it is', async () => {
    const { admit, log } = authenticated(() => ({ id: 'ada\u202enimda' }))
    const message =
      'The id of the identity has a character that sets the direction of text in it, U+202E at index 3. Remove it.'
    expect(await admit()).toEqual({ status: 403, reason: 'invalid_text', message })
    expect(log.lines).toEqual([
      { level: 'warn', context: { reason: 'invalid_text', message, suppressedCount: 0 }, message: 'refused' },
    ])
  })

  test('[S-41] whoever has such an account and tries it again and again gets one line in ten seconds', async () => {
    const { admit, clock, log } = authenticated(() => ({ id: 'ada\u202enimda' }))
    for (let i = 0; i < 100; i++) await admit()
    expect(log.lines).toHaveLength(1)
    await clock.advance(10_000)
    await admit()
    expect(log.lines.map(({ context }) => context.suppressedCount)).toEqual([0, 99])
  })

  test('an id of any length is for the channels to judge', async () => {
    const id = 'x'.repeat(500)
    expect(await authenticated(() => ({ id })).admit()).toMatchObject({ identity: { id } })
  })

  test('its answer is read once, and is what it was then', async () => {
    let reads = 0
    const { admit } = authenticated(() => ({
      id: 'ada',
      get expiresAtMs(): number {
        if (++reads > 1) throw new Error(secret)
        return Number.MAX_SAFE_INTEGER
      },
    }))
    const admitted = await admit()
    expect(admitted).toMatchObject({ identity: { id: 'ada', expiresAtMs: Number.MAX_SAFE_INTEGER } })
  })

  test('where it never resolves, 504 after its time, and nothing is thrown elsewhere', async () => {
    const { admit, clock, log } = authenticated(() => new Promise(() => {}))
    const refusal = admit()
    await clock.advance(1000)
    expect(await refusal).toMatchObject({ status: 504, reason: 'authenticate_timeout' })
    expect(log.of('error')).toHaveLength(1)
  })
})

describe('what is asked for in a handshake', () => {
  test('a path or subprotocol that is not spoken here is refused before anybody is asked who it is', async () => {
    let isAsked = false
    const { admit } = admission({
      authenticate: () => {
        isAsked = true
        return { id: 'ada' }
      },
    })
    expect(await admit({ path: '/nowhere' })).toMatchObject({ status: 404, reason: 'no_dialect' })
    expect(await admit({ subprotocols: ['chat'] })).toMatchObject({ status: 400, reason: 'no_dialect' })
    expect(isAsked).toBe(false)
  })

  test('the topic of a dialect that names none: the query’s, or else the option’s', async () => {
    const { admit } = admission()
    const vix = { path: '/', subprotocols: [] }
    expect(await admit(vix)).toMatchObject({ implicitTopic: 'room:lobby' })
    expect(await admit({ ...vix, params: new Map([['topic', 'room:2']]) })).toMatchObject({
      implicitTopic: 'room:2',
    })
  })

  test('[S-16] such a topic that is too long is refused, and of no interest to other dialects', async () => {
    const { admit } = admission()
    const params = new Map([['topic', 't'.repeat(129)]])
    const refusal = await admit({ path: '/', subprotocols: [], params })
    expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining('limits.topicBytes') })
    expect(await admit({ params })).toMatchObject({ dialect: { name: 'rollcall' } })
  })

  test('[S-41] nor may it be one that no client could join, such as a topic of the server’s own', async () => {
    const { admit } = admission()
    const refusal = await admit({ path: '/', subprotocols: [], params: new Map([['topic', CONTROL_TOPIC]]) })
    expect(refusal).toMatchObject({ status: 400, reason: 'invalid_text' })
  })
})

describe('[S-29] while the node drains', () => {
  test('a handshake is refused for now, and nobody is asked who it is', async () => {
    let asked = 0
    const authenticate: Authenticate = () => {
      asked++
      return { id: 'ada' }
    }
    const { admit } = admission({ authenticate, isDraining: () => true })
    expect(await admit()).toMatchObject({ status: 503, reason: 'draining', retryAfterS: 1 })
    expect(asked).toBe(0)
  })

  test('a path that nothing is spoken at stays unknown', async () => {
    const { admit } = admission({ isDraining: () => true })
    expect(await admit({ path: '/nowhere' })).toMatchObject({ status: 404 })
  })
})

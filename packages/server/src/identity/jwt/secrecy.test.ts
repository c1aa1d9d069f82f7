// What must be nowhere: tokens, secrets and claims, in logs, in what a peer is told, or in an error however deep.

import { createSecretKey } from 'node:crypto'
import { inspect } from 'node:util'
import { DEFAULT_LIMITS } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { admit } from '../../admission/admit'
import { SampledLog } from '../../log'
import { JwksEndpoint } from '../../testing-support/jwks-endpoint'
import { RecordingLog } from '../../testing-support/recording-log'
import { SeededRandom } from '../../testing-support/seeded-random'
import { testAdmissionControl } from '../../testing-support/test-admission-control'
import { handshake } from '../../testing-support/test-node'
import { atNow, ecPair, forge, NOW, pemOf, SECRET, sign } from '../../testing-support/tokens'
import { VirtualClock } from '../../testing-support/virtual-clock'
import { identify } from '../identify'
import { jwtAuthenticate } from './jwt-authenticate'
import type { JwtOptions } from './jwt-options'

const marked = { sub: 'claim-of-ada', email: 'claim-of-mail', exp: NOW + 60 }

async function everything(options: JwtOptions, token: string): Promise<{ status: number; said: string }> {
  const log = new RecordingLog()
  const authenticate = jwtAuthenticate({ ...options, ...atNow, logger: log })
  const thrown = await Promise.resolve(authenticate(handshake({ token }))).catch((error: unknown) => error)
  const request = handshake({ params: new Map([['token', token]]), headers: { 'x-token': token } })
  const context = {
    limits: DEFAULT_LIMITS,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    log,
    refusedIdentities: new SampledLog(log, 'refused'),
    authenticate,
    authenticateTimeoutMs: 1000,
    allowAnonymous: false,
    implicitTopic: 'room:lobby',
    mode: () => 'production' as const,
    isDraining: () => false,
    admissionControl: testAdmissionControl({ log }),
  }
  const answer = await admit(request, { ...context, identify: (each) => identify(each, context) })
  // The options hold the secret, and a function is inspected without what it closes over.
  const said = inspect([log.lines, answer, thrown, authenticate], { depth: 20, showHidden: true })
  expect(log.lines.length).toBeGreaterThan(0)
  return { status: 'status' in answer ? answer.status : 200, said }
}

const ec = ecPair()
const otherKey = createSecretKey(Buffer.alloc(32))

test.each<[string, number, JwtOptions, () => Promise<string> | string]>([
  ['expired', 401, { secret: SECRET }, () => sign({ ...marked, exp: 1 })],
  ['not yet valid', 401, { secret: SECRET }, () => sign({ ...marked, nbf: NOW + 60 })],
  ['for another', 403, { secret: SECRET, audience: 'chat' }, () => sign({ ...marked, aud: 'claim-of-aud' })],
  ['by another', 403, { secret: SECRET, issuer: 'us' }, () => sign({ ...marked, iss: 'claim-of-iss' })],
  ['without the claim', 401, { secret: SECRET, identityClaim: 'user' }, () => sign(marked)],
  ['of another secret', 401, { secret: SECRET }, () => sign(marked, { key: otherKey })],
  ['of another algorithm', 401, { publicKey: pemOf(ec) }, () => sign(marked)],
  ['unsigned', 401, { secret: SECRET }, () => forge({ alg: 'none', kid: 'claim-of-kid' }, marked, 'AAAA')],
])('a token that is %s', async (_what, status, options, make) => {
  const token = await make()
  const told = await everything(options, token)
  expect(told.status).toBe(status)
  for (const part of [token, ...token.split('.'), SECRET, 'claim-of', 'PUBLIC KEY']) {
    if (part.length > 4) expect(told.said).not.toContain(part)
  }
})

test('keys that cannot be had, and an address with a secret in its query', async () => {
  const endpoint = await JwksEndpoint.open((_request, response) => response.end('{"body-of-answer": <'))
  try {
    const token = await sign(marked, { alg: 'ES256', key: ec.privateKey, kid: 'claim-of-kid' })
    const told = await everything({ jwksUrl: `${endpoint.url}?key=query-secret` }, token)
    expect(told.status).toBe(503)
    expect(told.said).toContain(endpoint.url)
    for (const part of [token, ...token.split('.'), 'claim-of', 'body-of-answer', 'query-secret']) {
      expect(told.said).not.toContain(part)
    }
  } finally {
    await endpoint.close()
  }
})

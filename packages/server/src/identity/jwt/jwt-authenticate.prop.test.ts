import fc from 'fast-check'
import { expect, test } from 'vitest'
import { atNow, ecPair, pemOf, rsaPair, SECRET, sign, tell } from '../../testing-support/tokens'
import { HandshakeError } from '../identity'
import { jwtAuthenticate } from './jwt-authenticate'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é{}"\u0000'

/** Changes of a text at places that are given as a share of its length. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), at: share(), by: fc.constantFrom(...letters) }),
  fc.record({ kind: fc.constant('insert' as const), at: share(), by: fc.constantFrom(...letters) }),
  fc.record({ kind: fc.constant('remove' as const), at: share(), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('swap' as const), at: share(), with: share() }),
  fc.record({ kind: fc.constant('reverse' as const), at: share(), count: fc.integer({ min: 2, max: 40 }) }),
)
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

function share() {
  // The last letter often: it is the one that can be spelt in several ways.
  return fc.oneof(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.constant(0.9999))
}

function mutated(token: string, changes: readonly Mutation[]): string {
  const text = [...token]
  for (const change of changes) {
    const at = Math.floor(change.at * text.length)
    if (change.kind === 'replace') text[at] = change.by
    else if (change.kind === 'insert') text.splice(at, 0, change.by)
    else if (change.kind === 'remove') text.splice(at, change.count)
    else if (change.kind === 'reverse')
      text.splice(at, change.count, ...text.slice(at, at + change.count).reverse())
    else {
      const other = Math.floor(change.with * text.length)
      ;[text[at], text[other]] = [text[other] ?? '', text[at] ?? '']
    }
  }
  return text.join('')
}

const rsa = rsaPair()
const ec = ecPair()

test.each([
  ['HS256', { secret: SECRET }, null],
  ['RS256', { publicKey: pemOf(rsa) }, rsa],
  ['ES256', { publicKey: pemOf(ec) }, ec],
] as const)('[S-14] a token of %s that was changed in any way is never taken', async (alg, options, pair) => {
  const authenticate = jwtAuthenticate({ ...options, ...atNow })
  const token = await sign({ sub: 'ada', role: 'guest' }, pair ? { alg, key: pair.privateKey } : {})
  expect(await tell(authenticate, token)).toMatchObject({ id: 'ada' })
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = mutated(token, changes)
      fc.pre(changed !== token)
      const refusal = await tell(authenticate, changed)
      expect(refusal).toBeInstanceOf(HandshakeError)
      expect(refusal).toMatchObject({ status: 401 })
    }),
    { numRuns: 400 },
  )
})

test('[S-14] a token of parts of two good tokens is never taken', async () => {
  const authenticate = jwtAuthenticate({ secret: SECRET, ...atNow })
  const person = fc.record({ sub: fc.string({ minLength: 1 }), role: fc.string() })
  const pick = fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1))
  await fc.assert(
    fc.asyncProperty(person, person, pick, async (one, other, picks) => {
      const parts = [await sign(one), await sign(other)].map((token) => token.split('.'))
      const mixed = picks.map((which, part) => parts[which]?.[part]).join('.')
      fc.pre(parts.every((whole) => whole.join('.') !== mixed))
      expect(await tell(authenticate, mixed)).toMatchObject({ status: 401, reason: 'token_invalid' })
    }),
  )
})

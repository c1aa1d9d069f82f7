import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { nowSeconds, unsignedToken } from './jwt'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'alg-none',
  tries: 'brings a token that says it needs no signature',
  async run(arena) {
    const claims = { sub: 'honest-0', exp: nowSeconds() + 3600 }
    const [, , signature = ''] = arena.token().split('.')
    const tokens = ['none', 'None', 'NONE', '', 'HS256', 'RS256'].flatMap((alg) => [
      unsignedToken(claims, alg),
      unsignedToken(claims, alg, signature),
    ])
    const refusals: Refused[] = []
    for (const token of tokens) refusals.push(refusedBy(await arena.dial({ token })))
    return refusals
  },
  check(refusals) {
    for (const { status, error } of refusals) assert.deepEqual([status, error], [401, 'token_invalid'])
    return '401 token_invalid'
  },
})

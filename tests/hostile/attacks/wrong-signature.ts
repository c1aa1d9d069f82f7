import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { handMadeToken, nowSeconds, part } from './jwt'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'wrong-signature',
  tries: 'brings tokens of another secret, another algorithm, or changed after they were signed',
  async run(arena) {
    const claims = { sub: 'honest-0', exp: nowSeconds() + 3600 }
    const [head = '', , signature = ''] = arena.token('mallory').split('.')
    const tokens = [
      handMadeToken(claims, 'another secret of thirty-two bytes or more'),
      handMadeToken(claims, arena.secret, 'HS512'),
      `${head}.${part(claims)}.${signature}`,
      arena.token().slice(0, -1),
      `${arena.token()}=`,
      arena.token().toUpperCase(),
      'not.a.token',
    ]
    const refusals: Refused[] = []
    for (const token of tokens) refusals.push(refusedBy(await arena.dial({ token })))
    return refusals
  },
  check(refusals) {
    for (const { status, error } of refusals) assert.deepEqual([status, error], [401, 'token_invalid'])
    return '401 token_invalid'
  },
})

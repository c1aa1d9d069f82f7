import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { nowSeconds } from './jwt'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'expired-token',
  tries: 'brings a token that was good once',
  async run(arena) {
    const refusals: Refused[] = []
    for (const exp of [nowSeconds() - 10, nowSeconds() - 3600, 0, -1])
      refusals.push(refusedBy(await arena.dial({ token: arena.token('mallory', { exp }) })))
    return refusals
  },
  check(refusals) {
    for (const { status, error } of refusals) assert.deepEqual([status, error], [401, 'token_expired'])
    return '401 token_expired'
  },
})

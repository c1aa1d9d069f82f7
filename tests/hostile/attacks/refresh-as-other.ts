import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { nowSeconds, unsignedToken } from './jwt'

export const attack = defineAttack({
  name: 'refresh-as-other',
  tries: "refreshes its session with somebody else's token, a forged one and one that is over",
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask('rollcall', 'hello')
    const reasons: string[] = []
    for (const token of [
      arena.token('honest-0'),
      unsignedToken({ sub: 'mallory', exp: nowSeconds() + 3600 }),
      arena.token('mallory', { exp: nowSeconds() - 60 }),
    ]) {
      const { status, response } = await mallory.ask('rollcall', 'refresh', { token })
      reasons.push(`${status} ${response.reason}`)
    }
    const still = await mallory.ask('rollcall', 'refresh', { token: arena.token('mallory') })
    return { reasons, still }
  },
  check({ reasons, still }) {
    assert.deepEqual(reasons, ['error identity_changed', 'error token_invalid', 'error token_expired'])
    assert.deepEqual([still.status, still.response.identity?.id], ['ok', 'mallory'])
    return 'identity_changed, token_invalid, token_expired'
  },
})

import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'many-keys',
  tries: 'sends frames of thousands of tiny values, in arrays and under keys',
  async run(arena) {
    const mallory = await arena.stranger()
    const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 0]))
    const faults: any[] = []
    for (const payload of [Array(30_000).fill(0), Array(20_000).fill([]), keys])
      faults.push(await mallory.faultOf(mallory.frame(arena.room, 'phx_join', { meta: payload })))
    return faults
  },
  check(faults) {
    for (const { reason, option } of faults)
      assert.deepEqual([reason, option], ['limit_exceeded', 'limits.jsonKeys'])
    return 'limit_exceeded (limits.jsonKeys)'
  },
})

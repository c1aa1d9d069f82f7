import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { refusedBy } from './refused'

export const attack = defineAttack({
  name: 'header-flood',
  tries: 'sends one enormous header, and thousands of small ones',
  async run(arena) {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`X-${i}`, 'y']))
    const statuses: number[] = []
    for (const headers of [{ 'X-Large': 'y'.repeat(20_000) }, { 'X-Huge': 'y'.repeat(2_000_000) }, many])
      statuses.push(refusedBy(await arena.dial({ token: arena.token(), headers })).status)
    statuses.push(refusedBy(await arena.dial({ path: `/socket?${'a=1&'.repeat(10_000)}` })).status)
    return statuses
  },
  check(statuses) {
    // 0: what was still on its way when the socket went took the answer with it.
    for (const status of statuses) assert.ok(status === 431 || status === 0, `answered with ${status}`)
    assert.ok(statuses.includes(431))
    return '431'
  },
})

import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'read-only',
  tries: 'pushes into, and updates itself in, a room where it may only read',
  server: 'own',
  async run(arena) {
    const mallory = await arena.stranger()
    const join = await mallory.ask('news:today', 'phx_join', { meta: {} })
    const reasons: unknown[] = []
    for (const event of ['new_msg', 'presence_update', 'presence_patch']) {
      const payload = { meta: { n: -1 }, patch: { n: -1 } }
      reasons.push((await mallory.ask('news:today', event, payload)).response.reason)
    }
    const closed = await mallory.ask('closed:door', 'phx_join', { meta: {} })
    return { join, reasons, closed }
  },
  check({ join, reasons, closed }) {
    assert.equal(join.status, 'ok')
    assert.deepEqual(new Set(reasons), new Set(['unauthorized']))
    assert.deepEqual([closed.status, closed.response.reason], ['error', 'members_only'])
    return 'unauthorized'
  },
})

import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

export const attack = defineAttack({
  name: 'read-only',
  tries: 'pushes into a room where it may only read, updates itself there, and joins again with another meta',
  server: 'own',
  async run(arena) {
    const mallory = await arena.stranger()
    const join = await mallory.ask('news:today', 'phx_join', { meta: {} })
    const reasons: unknown[] = []
    for (const event of ['new_msg', 'presence_update', 'presence_patch']) {
      const payload = { meta: { n: -1 }, patch: { n: -1 } }
      reasons.push((await mallory.ask('news:today', event, payload)).response.reason)
    }
    const shown: unknown[] = []
    for (const before of [[], ['phx_leave']]) {
      for (const event of before) await mallory.ask('news:today', event)
      await mallory.ask('news:today', 'phx_join', { meta: { n: -1 } })
      const told = mallory.peer.hear((message) => message[3] === 'presence_state', PATIENCE_MS)
      await mallory.ask('news:today', 'presence_sync')
      const [, , , , state] = await told
      shown.push(...state.presences.map(({ meta }: { meta: unknown }) => meta))
    }
    const closed = await mallory.ask('closed:door', 'phx_join', { meta: {} })
    return { join, reasons, shown, closed }
  },
  check({ join, reasons, shown, closed }) {
    assert.equal(join.status, 'ok')
    assert.deepEqual(new Set(reasons), new Set(['unauthorized']))
    assert.deepEqual(shown, [{}, {}])
    assert.deepEqual([closed.status, closed.response.reason], ['error', 'members_only'])
    return 'unauthorized'
  },
})

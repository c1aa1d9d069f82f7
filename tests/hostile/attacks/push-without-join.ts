import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'push-without-join',
  tries: 'sends to a room that it is not in, or left',
  async run(arena) {
    const mallory = await arena.stranger()
    const reasons: unknown[] = []
    const tryAll = async () => {
      for (const event of ['new_msg', 'presence_update', 'presence_patch', 'presence_sync']) {
        const payload = { meta: { n: -1 }, patch: { n: -1 } }
        reasons.push((await mallory.ask(arena.room, event, payload)).response.reason)
      }
    }
    await tryAll()
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    await mallory.ask(arena.room, 'phx_leave')
    await tryAll()
    return reasons
  },
  check(reasons) {
    assert.deepEqual(new Set(reasons), new Set(['not_joined']))
    return 'not_joined'
  },
})

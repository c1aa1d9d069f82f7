import assert from 'node:assert/strict'
import { defineAttack } from './attack'

const EVENTS = [
  'presence_state',
  'presence_diff',
  'presence.online',
  'presence.offline',
  'phx_reply',
  'phx_close',
  'phx_error',
  'phx_new',
  'chan_reply_1',
]

export const attack = defineAttack({
  name: 'forged-presence',
  tries: 'pushes what only a server says, such as that somebody left',
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    const reasons: unknown[] = []
    for (const event of EVENTS) {
      const payload = { joins: [], updates: [], leaves: [{ ref: 'x', key: 'honest-0', reason: 'left' }] }
      reasons.push((await mallory.ask(arena.room, event, payload)).response.reason)
    }
    return reasons
  },
  check(reasons) {
    assert.deepEqual(new Set(reasons), new Set(['reserved_event']))
    return 'reserved_event'
  },
})

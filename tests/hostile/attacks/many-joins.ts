import assert from 'node:assert/strict'
import { defineAttack } from './attack'

/** Topics of one session: `limits.channelsPerSession`. */
const MAX = 256

export const attack = defineAttack({
  name: 'many-joins',
  tries: 'joins more and more topics over one connection',
  async run(arena) {
    const mallory = await arena.stranger()
    for (let i = 0; i < MAX; i++) mallory.peer.say(mallory.frame(`room:own-${i}`, 'phx_join', { meta: {} }))
    const last = await mallory.ask('room:one-too-many', 'phx_join', { meta: {} })
    return { last, refused: mallory.countOf('limit_exceeded') }
  },
  check({ last, refused }) {
    assert.deepEqual([last.status, last.response.reason], ['error', 'limit_exceeded'])
    assert.equal(last.response.option, 'limits.channelsPerSession')
    assert.equal(refused, 1)
    return `limit_exceeded (limits.channelsPerSession) after ${MAX}`
  },
})

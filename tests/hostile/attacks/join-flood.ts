import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'join-flood',
  tries: 'joins and leaves a room of the honest as fast as it can',
  async run(arena) {
    const mallory = await arena.stranger()
    let isIn = false
    const sent = await mallory.floodUntilThrottled(() => {
      isIn = !isIn
      return mallory.frame(arena.room, isIn ? 'phx_join' : 'phx_leave', { meta: {} })
    })
    return { sent, refusal: mallory.refusals.get('throttled'), end: mallory.peer.end }
  },
  check({ sent, refusal, end }) {
    assert.ok(refusal, `Of ${sent} none was throttled.`)
    assert.ok(refusal.retry_after_ms > 0)
    assert.equal(end, null)
    return `throttled after ${sent}, with retry_after_ms`
  },
})

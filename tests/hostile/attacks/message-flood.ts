import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'message-flood',
  tries: 'pushes into a room of the honest as fast as it can, for a moment',
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    const sent = await mallory.floodUntilThrottled(() => mallory.frame(arena.room, 'new_msg', {}))
    return { sent, refusal: mallory.refusals.get('throttled'), end: mallory.peer.end }
  },
  check({ sent, refusal, end }) {
    assert.ok(refusal, `Of ${sent} none was throttled.`)
    assert.ok(refusal.retry_after_ms > 0)
    assert.equal(end, null)
    return `throttled after ${sent}, with retry_after_ms`
  },
})

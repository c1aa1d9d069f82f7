import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'failing-handlers',
  tries: "calls the application's handlers that throw, never end, or answer with what is no JSON",
  server: 'own',
  isLogged: true,
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask('broken:1', 'phx_join', { meta: {} })
    const reasons: string[] = []
    for (const event of ['throws', 'rejects', 'circular']) {
      const { response } = await mallory.ask('broken:1', event)
      reasons.push(response.reason)
    }
    // Each waits for the one before it, and there is only so much room to wait.
    const hangs = mallory.ask('broken:1', 'hangs')
    for (let i = 0; i < 100; i++) mallory.peer.say(mallory.frame('broken:1', 'hangs'))
    reasons.push((await hangs).response.reason)
    const join = await mallory.ask('broken:never', 'phx_join')
    return { reasons, join, throttled: mallory.countOf('throttled') }
  },
  check({ reasons, join, throttled }) {
    assert.deepEqual(reasons, ['handler_failed', 'handler_failed', 'handler_failed', 'handler_timeout'])
    assert.deepEqual([join.status, join.response.reason], ['error', 'handler_timeout'])
    assert.ok(throttled > 0)
    return 'handler_failed, handler_timeout, throttled'
  },
})

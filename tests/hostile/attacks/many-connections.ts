import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** Of each connection: fewer than one may send at once. */
const MESSAGES = 200

export const attack = defineAttack({
  name: 'many-connections',
  tries: 'pushes into a room of the honest over as many connections of one account as it may have',
  async run(arena) {
    const count = Math.min(arena.scale.maxPerIdentity, 16)
    const startedMs = performance.now()
    const peers = await Promise.all(
      Array.from({ length: count }, async () => {
        const mallory = await arena.stranger('mallory-of-many')
        await mallory.ask(arena.room, 'phx_join', { meta: {} })
        return mallory
      }),
    )
    for (const mallory of peers)
      for (let i = 0; i < MESSAGES; i++) mallory.peer.say(mallory.frame(arena.room, 'new_msg', {}))
    for (const { peer } of peers) await peer.settled(PATIENCE_MS)
    const throttled = peers.reduce((sum, mallory) => sum + mallory.countOf('throttled'), 0)
    const closed = peers.filter(({ peer }) => peer.end?.code === 1008).length
    const seconds = (performance.now() - startedMs) / 1000
    return { sent: count * MESSAGES, count, throttled, closed, seconds }
  },
  check({ sent, count, throttled, closed, seconds }) {
    // The burst of one connection, and what may come after it; what a closed connection said last is not answered.
    const most = 500 + Math.ceil(seconds * 100) + closed * MESSAGES
    assert.ok(sent - throttled <= most, `${sent - throttled} of ${sent} were taken, where ${most} may be`)
    return `throttled over all ${count} connections (${throttled} of ${sent}, ${closed} closed with 1008)`
  },
})

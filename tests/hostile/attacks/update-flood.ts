import assert from 'node:assert/strict'
import { soon } from '../support/soon'
import { defineAttack } from './attack'

const UPDATES = 400

export const attack = defineAttack({
  name: 'update-flood',
  tries: 'changes its meta as fast as it can, for a moment',
  async run(arena) {
    // What other attacks have sent counts for their accounts a while longer.
    const mallory = await arena.stranger('mallory-updates')
    // Somebody else of the stranger's looks at what the room is told.
    const witness = await arena.stranger('mallory-updates-2')
    let told = 0
    let last: unknown = null
    const note = witness.peer.onMessage
    witness.peer.onMessage = (text, isBinary) => {
      note(text, isBinary)
      const [, , , event, payload] = JSON.parse(text)
      if (event !== 'presence_diff') return
      for (const { meta } of payload.updates) {
        if (typeof meta.flood !== 'number') continue
        told++
        last = meta.flood
      }
    }
    await witness.ask(arena.room, 'phx_join', { meta: {} })
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    const startedMs = performance.now()
    for (let flood = 1; flood <= UPDATES; flood++)
      mallory.peer.say(mallory.frame(arena.room, 'presence_update', { meta: { flood } }))
    await soon(
      () => last === UPDATES,
      10_000,
      () => `the last update to be told; it is ${String(last)}`,
    )
    return { told, throttled: mallory.countOf('throttled'), seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ told, throttled, seconds }) {
    // The burst, and what may come after it.
    const most = 60 + Math.ceil(seconds * 20) + 2
    assert.ok(told <= most, `${told} updates were told in ${seconds.toFixed(1)} s, where ${most} may be`)
    assert.ok(throttled >= UPDATES - most, `${throttled} of ${UPDATES} were throttled`)
    return `throttled (${throttled} of ${UPDATES}); ${told} told, the last among them`
  },
})

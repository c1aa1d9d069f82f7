import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { floodFromEverywhere, Tally } from './flood-of-handshakes'

/** How long it tries, in milliseconds. */
const TRIES_MS = 15_000

export const attack = defineAttack({
  name: 'handshake-limit',
  tries: 'shakes hands from many addresses, faster than the server means to take',
  // With a limit that one attacker can get past.
  server: 'own',
  async run(arena) {
    const tally = new Tally()
    const startedMs = performance.now()
    const isOver = () => tally.of('503 busy') >= 50 || performance.now() - startedMs > TRIES_MS
    await floodFromEverywhere(arena, tally, isOver)
    return tally
  },
  check(tally) {
    const busy = tally.last.get('503 busy')
    assert.ok(busy, JSON.stringify([...tally.counts]))
    assert.ok(busy.retryAfterS !== null && busy.retryAfterS >= 1 && busy.retryAfterS <= 6)
    assert.match(busy.message, /admission\.handshakesPerSecond/)
    return `503 busy, Retry-After (after ${tally.of('401 token_expired')})`
  },
})

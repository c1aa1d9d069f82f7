import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { flood, floodFromEverywhere, Tally } from './flood-of-handshakes'

/** How long the flood from everywhere goes on, in milliseconds, where it is not refused. */
const FLOOD_MS = 8000

export const attack = defineAttack({
  name: 'handshake-flood',
  tries: 'shakes hands over and over: from one address, and from many',
  async run(arena) {
    const one = new Tally()
    const own = arena.newAddress()
    await flood(
      arena,
      one,
      () => own,
      () => one.of('429 too_many_connections') >= 20,
    )
    const many = new Tally()
    const startedMs = performance.now()
    const isOver = () => many.of('503 busy') >= 20 || performance.now() - startedMs > FLOOD_MS
    await floodFromEverywhere(arena, many, isOver)
    return { one, many, seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ one, many, seconds }, { scale }) {
    const tooMany = one.last.get('429 too_many_connections')
    assert.ok(tooMany, `From one address: ${JSON.stringify([...one.counts])}`)
    assert.ok(tooMany.retryAfterS !== null && tooMany.retryAfterS >= 1)
    const looked = many.of('401 token_expired')
    const most = scale.handshakeBurst + scale.handshakesPerSecond * seconds
    assert.ok(looked <= most, `${looked} were looked at in ${seconds.toFixed(1)} s`)
    // The attacker's machine may not be able to send as many as a server takes: see handshake-limit.
    const isBusy = many.of('503 busy') > 0
    const pace = `${looked} from many looked at, ${Math.round(looked / seconds)} a second`
    return `429 after ${one.of('401 token_expired')} from one; ${pace}${isBusy ? ', then 503' : ''}`
  },
})

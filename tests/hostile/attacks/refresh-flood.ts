import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** More than the defaults of `rates.abuse` let through. */
const FORGED = 300

export const attack = defineAttack({
  name: 'refresh-flood',
  tries: 'refreshes as fast as it can, in fifty topics; and goes on with forged tokens',
  server: 'own',
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask('rollcall', 'hello')
    for (let i = 0; i < 50; i++) await mallory.ask(`news:${i}`, 'phx_join')
    let renewed = 0
    const note = mallory.peer.onMessage
    mallory.peer.onMessage = (text, isBinary) => {
      note(text, isBinary)
      if (JSON.parse(text)[4].response?.expires_in_ms !== undefined) renewed++
    }
    const startedMs = performance.now()
    const token = arena.token()
    await mallory.floodUntilThrottled(() => mallory.frame('rollcall', 'refresh', { token }))
    await mallory.ask('rollcall', 'heartbeat')
    const seconds = (performance.now() - startedMs) / 1000
    const refusal = mallory.refusals.get('throttled')
    for (let i = 0; i < FORGED; i++)
      mallory.peer.say(mallory.frame('rollcall', 'refresh', { token: 'a.b.c' }))
    return { renewed, seconds, refusal, end: await mallory.peer.ended(PATIENCE_MS) }
  },
  check({ renewed, seconds, refusal, end }) {
    assert.equal(refusal?.reason, 'throttled')
    assert.match(refusal.message, /rates\.refreshes\.perSecond/)
    const most = 5 + Math.ceil(seconds)
    assert.ok(renewed <= most, `${renewed} refreshes were taken, where ${most} may be`)
    assert.equal(end.code, 1008)
    return `throttled after ${renewed}; 1008 abuse`
  },
})

import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { nowSeconds } from './jwt'
import { refusedBy } from './refused'

/** A token is good for some seconds more than it says: see `clockToleranceSeconds`. */
const TOLERANCE_S = 5
/** How long it may take to notice, in milliseconds. */
const NOTICED_WITHIN_MS = 8000

export const attack = defineAttack({
  name: 'token-runs-out',
  tries: 'stays after its token is over, never refreshes, and comes back with the session that it had',
  async run(arena) {
    const token = arena.token('mallory', { exp: nowSeconds() - TOLERANCE_S + 2 })
    const mallory = await arena.stranger('mallory', { token })
    const hello = await mallory.ask('rollcall', 'hello', { instance: 'i1' })
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    const end = await mallory.peer.ended(NOTICED_WITHIN_MS)
    const withOldToken = refusedBy(await arena.dial({ token, subprotocol: 'rollcall.v1' }))
    const back = await arena.stranger('mallory')
    const again = await back.ask('rollcall', 'hello', { token: hello.response.token, instance: 'i1' })
    return { hello, end, withOldToken, again }
  },
  check({ hello, end, withOldToken, again }) {
    assert.ok(hello.response.expires_in_ms > 0 && hello.response.expires_in_ms <= 3000)
    assert.equal(end.code, 4004)
    assert.equal(withOldToken.error, 'token_expired')
    assert.equal(again.response.resumed, false)
    return '4004 expired; the session is void'
  },
})

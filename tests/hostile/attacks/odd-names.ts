import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

const ODD = [
  '\0',
  '\n',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u200f',
  '\ufeff',
  '\u200b',
  '\u00ad',
  '\u3164',
  '\u{e0061}',
  '\ud800',
  '\udc00x',
]

export const attack = defineAttack({
  name: 'odd-names',
  tries: 'puts control characters, unseen ones, marks that turn text around and halves of pairs into names',
  isLogged: true,
  async run(arena) {
    const mallory = await arena.stranger()
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    const reasons: unknown[] = []
    for (const odd of ODD) {
      reasons.push((await mallory.ask(`room:${odd}`, 'phx_join', { meta: {} })).response.reason)
      reasons.push((await mallory.ask(arena.room, `new${odd}msg`)).response.reason)
    }
    const refusals: Refused[] = []
    for (const odd of ODD.slice(0, 14)) {
      // Whoever makes the accounts may take any name: it is a key here.
      refusals.push(
        refusedBy(await arena.dial({ token: arena.token(`admin${odd}`), subprotocol: 'rollcall.v1' })),
      )
    }
    return { reasons, refusals }
  },
  check({ reasons, refusals }) {
    assert.deepEqual(new Set(reasons), new Set(['invalid_text']))
    for (const { status } of refusals) assert.ok(status >= 400 && status < 500, `answered with ${status}`)
    return `invalid_text; ${refusals[0]?.status} ${refusals[0]?.error} for an identity`
  },
})

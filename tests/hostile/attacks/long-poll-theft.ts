import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'long-poll-theft',
  tries: "guesses long polls' tokens, and posts bodies of megabytes",
  async run(arena) {
    const address = `http://127.0.0.1:${arena.port}/socket/longpoll?vsn=2.0.0`
    const headers = { authorization: `Bearer ${arena.token()}` }
    const begun = (await (await fetch(address, { headers })).json()) as { token: string }
    const [, id = ''] = begun.token.split('.')
    const guesses = [
      `lp.${id}.${'0'.repeat(48)}`,
      `lp.${id}.`,
      `lp.${id}.${begun.token.slice(-10)}`,
      'lp.__proto__.x',
    ]
    const statuses: unknown[] = []
    for (const token of guesses) {
      const answer = await fetch(`${address}&token=${token}`, { method: 'POST', body: '[]' })
      statuses.push(((await answer.json()) as { status: unknown }).status)
    }
    const large = await fetch(`${address}&token=${begun.token}`, {
      method: 'POST',
      body: 'x'.repeat(2_000_000),
    }).catch(() => null)
    return { statuses, large: large?.status ?? 0 }
  },
  check({ statuses, large }) {
    assert.deepEqual(new Set(statuses), new Set([410]))
    // 0: the socket went while the body was still on its way.
    assert.ok(large === 413 || large === 0, `answered with ${large}`)
    return '410; 413'
  },
})

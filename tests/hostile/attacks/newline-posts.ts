import assert from 'node:assert/strict'
import { defineAttack } from './attack'

/** More than the defaults of `rates.abuse` let through. */
const MOST_POSTS = 1000

export const attack = defineAttack({
  name: 'newline-posts',
  tries: 'posts bodies of nothing but line ends to its long poll, and one of a hundred thousand messages',
  async run(arena) {
    const address = `http://127.0.0.1:${arena.port}/socket/longpoll?vsn=2.0.0`
    const authorization = { authorization: `Bearer ${arena.token()}` }
    const begun = (await (await fetch(address, { headers: authorization })).json()) as { token: string }
    const headers = { 'content-type': 'application/x-ndjson' }
    const post = async (body: string) => {
      const answer = await fetch(`${address}&token=${begun.token}`, { method: 'POST', headers, body })
      return (await answer.json()) as { status: number; message?: string }
    }
    const many = await post('[]\n'.repeat(100_000))
    const startedMs = performance.now()
    const body = '\n'.repeat(10 * arena.scale.flood)
    const statuses: number[] = []
    while (statuses.length < MOST_POSTS && statuses.at(-1) !== 410) statuses.push((await post(body)).status)
    return { many, statuses, seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ many, statuses, seconds }) {
    assert.equal(many.status, 413)
    assert.match(many.message ?? '', /longPoll\.maxMessages/)
    assert.equal(statuses.pop(), 410)
    assert.deepEqual(new Set(statuses), new Set([400]))
    // The burst of `rates.abuse`, and what may come after it.
    const most = 200 + Math.ceil(seconds * 5) + 1
    assert.ok(statuses.length <= most, `${statuses.length} posts were read, where ${most} may be`)
    return `400, an offence each; after ${statuses.length} the session is over; 413 (longPoll.maxMessages)`
  },
})

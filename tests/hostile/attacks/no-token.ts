import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

const DOORS = ['/socket', '/socket/websocket?vsn=2.0.0', '/', '/socket?user_id=honest-0', '/socket?token=']

export const attack = defineAttack({
  name: 'no-token',
  tries: 'connects without saying who it is, at every door',
  async run(arena) {
    const refusals: Refused[] = []
    for (const path of DOORS) refusals.push(refusedBy(await arena.dial({ path })))
    const poll = await fetch(`http://127.0.0.1:${arena.port}/socket/longpoll?vsn=2.0.0`)
    return { refusals, poll: (await poll.json()) as Record<string, unknown> }
  },
  check({ refusals, poll }) {
    for (const { status, error } of refusals) assert.deepEqual([status, error], [401, 'token_missing'])
    assert.deepEqual([poll.status, poll.error], [403, 'token_missing'])
    return '401 token_missing'
  },
})

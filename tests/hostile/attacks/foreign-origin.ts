import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'foreign-origin',
  tries: "connects from pages of other sites, with a visitor's token",
  async run(arena) {
    const origins = [
      'https://evil.example',
      'null',
      `http://127.0.0.1.evil.example:${arena.port}`,
      'http://127.0.0.1:1',
      `http://evil.example:${arena.port}`,
      'file://',
      'x',
    ]
    const refusals: Refused[] = []
    for (const Origin of origins)
      for (const path of ['/socket', '/'])
        refusals.push(refusedBy(await arena.dial({ path, token: arena.token(), headers: { Origin } })))
    const poll = await fetch(`http://127.0.0.1:${arena.port}/socket/longpoll?vsn=2.0.0`, {
      headers: { origin: 'https://evil.example', authorization: `Bearer ${arena.token()}` },
    })
    const body = (await poll.json()) as Record<string, unknown>
    const own = await arena.dial({
      token: arena.token(),
      headers: { Origin: `http://127.0.0.1:${arena.port}` },
    })
    return { refusals, poll: body, allowed: poll.headers.get('access-control-allow-origin'), own }
  },
  check({ refusals, poll, allowed, own }) {
    for (const { status, error } of refusals) assert.deepEqual([status, error], [403, 'origin_not_allowed'])
    assert.equal(poll.error, 'origin_not_allowed')
    assert.equal(allowed, null)
    assert.ok('socket' in own, 'A page of the site itself was refused.')
    return '403 origin_not_allowed'
  },
})

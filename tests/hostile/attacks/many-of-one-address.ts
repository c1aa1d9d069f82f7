import assert from 'node:assert/strict'
import { RawPeer } from '../support/raw-peer'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'many-of-one-address',
  tries: 'opens connection after connection from one address, under many names',
  async run(arena) {
    const localAddress = arena.newAddress()
    let opened = 0
    const refusals: Refused[] = []
    // A few at a time, so that it is not the handshakes under way that are too many.
    for (let i = 0; i < arena.scale.maxPerAddress + 40; i += 10) {
      const batch = Array.from({ length: 10 }, (_, n) =>
        arena.dial({ localAddress, subprotocol: 'rollcall.v1', token: arena.token(`mallory-${i + n}`) }),
      )
      for (const peer of await Promise.all(batch)) {
        if (peer instanceof RawPeer) opened++
        else refusals.push(refusedBy(peer))
      }
    }
    return { opened, refusals }
  },
  check({ opened, refusals }, { scale }) {
    assert.ok(opened <= scale.maxPerAddress && opened > scale.maxPerAddress / 2, `${opened} were taken`)
    for (const { status, error, retryAfterS } of refusals) {
      assert.deepEqual([status, error], [429, 'too_many_connections'])
      assert.ok(retryAfterS !== null && retryAfterS >= 1)
    }
    return `429 too_many_connections after ${opened}`
  },
})

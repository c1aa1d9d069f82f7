import assert from 'node:assert/strict'
import { RawPeer } from '../support/raw-peer'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

export const attack = defineAttack({
  name: 'many-of-one-identity',
  tries: 'opens connection after connection under one account, from many addresses',
  async run(arena) {
    let opened = 0
    const refusals: Refused[] = []
    for (let i = 0; i < arena.scale.maxPerIdentity + 20; i++) {
      const peer = await arena.dial({ subprotocol: 'rollcall.v1', token: arena.token('mallory-everywhere') })
      if (peer instanceof RawPeer) opened++
      else refusals.push(refusedBy(peer))
    }
    return { opened, refusals }
  },
  check({ opened, refusals }, { scale }) {
    assert.equal(opened, scale.maxPerIdentity)
    for (const { status, error, message } of refusals) {
      assert.deepEqual([status, error], [429, 'too_many_connections'])
      assert.match(message, /maxPerIdentity/)
    }
    return `429 too_many_connections after ${opened}`
  },
})

import assert from 'node:assert/strict'
import { clientFrame, deflated } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

const INFLATED_BYTES = 64_000_000

export const attack = defineAttack({
  name: 'compression-bomb',
  tries: 'sends few bytes that inflate to many, whole and in fragments, from twenty connections',
  async run(arena) {
    const bomb = deflated(Buffer.alloc(INFLATED_BYTES, ' '))
    const half = Math.floor(bomb.length / 2)
    const codes: number[] = []
    for (let i = 0; i < 20; i++) {
      const { peer } = await arena.stranger('mallory', {
        headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      })
      assert.match(peer.headers, /permessage-deflate/)
      if (i % 2 === 0) peer.write(clientFrame({ opcode: 1, payload: bomb, isCompressed: true }))
      else {
        peer.write(
          clientFrame({ opcode: 1, payload: bomb.subarray(0, half), isCompressed: true, isFinal: false }),
        )
        peer.write(clientFrame({ opcode: 0, payload: bomb.subarray(half) }))
      }
      codes.push((await peer.ended(5000)).code)
    }
    return { codes, ratio: Math.round(INFLATED_BYTES / bomb.length) }
  },
  check({ codes, ratio }) {
    assert.deepEqual(new Set(codes), new Set([1009]))
    return `1009 (of 1 byte to ${ratio}), uninflated past the limit`
  },
})

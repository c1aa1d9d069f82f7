import assert from 'node:assert/strict'
import { clientFrame } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

const BYTES = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]

export const attack = defineAttack({
  name: 'invalid-utf8',
  tries: 'sends texts that are no UTF-8: overlong, halves of pairs, cut off',
  async run(arena) {
    const codes: number[] = []
    for (const bytes of BYTES) {
      const { peer } = await arena.stranger()
      peer.write(clientFrame({ opcode: 1, payload: Buffer.from([0x22, ...bytes, 0x22]) }))
      codes.push((await peer.ended(5000)).code)
    }
    return codes
  },
  check(codes) {
    assert.deepEqual(new Set(codes), new Set([1007]))
    return '1007'
  },
})

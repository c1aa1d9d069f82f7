import assert from 'node:assert/strict'
import {
  type ClientFrame,
  clientFrame,
  closeFrame,
  text,
} from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

const BROKEN: readonly ClientFrame[] = [
  { ...text('hi'), isMasked: false },
  { ...text('hi'), reserved: 0x20 },
  { ...text('hi'), isCompressed: true },
  { opcode: 3, payload: Buffer.alloc(1) },
  { opcode: 15, payload: Buffer.alloc(1) },
  { opcode: 0, payload: Buffer.from('of nothing') },
  { opcode: 9, payload: Buffer.alloc(4), isFinal: false },
  { opcode: 9, payload: Buffer.alloc(126) },
  { opcode: 8, payload: Buffer.alloc(1) },
  closeFrame(1005),
  closeFrame(65_535),
]

export const attack = defineAttack({
  name: 'broken-frames',
  tries: 'breaks the WebSocket protocol: no mask, reserved bits, control frames in fragments',
  async run(arena) {
    const codes: number[] = []
    for (const frame of BROKEN) {
      const { peer } = await arena.stranger()
      peer.write(clientFrame(frame))
      codes.push((await peer.ended(5000)).code)
    }
    return codes
  },
  check(codes) {
    assert.deepEqual(new Set(codes), new Set([1002]))
    return '1002'
  },
})

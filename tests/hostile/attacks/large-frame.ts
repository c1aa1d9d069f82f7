import assert from 'node:assert/strict'
import { clientFrame, text } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'large-frame',
  tries: 'sends frames over the limit, and one that says it has exabytes',
  async run(arena) {
    const mallory = await arena.stranger()
    const fault = await mallory.faultOf(mallory.frame(arena.room, 'new_msg', 'x'.repeat(66_000)))
    const ends: number[] = []
    for (const bytes of [
      clientFrame(text('x'.repeat(300_000))),
      Buffer.from([0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
      Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    ]) {
      const next = await arena.stranger()
      next.peer.write(bytes)
      ends.push((await next.peer.ended(5000)).code)
    }
    return { fault, ends }
  },
  check({ fault, ends }) {
    assert.deepEqual([fault.reason, fault.option], ['limit_exceeded', 'limits.frameBytes'])
    // The first may still be on its way when its socket goes, and take the close frame with it.
    assert.ok(ends[0] === 1009 || ends[0] === 1006, `closed with ${ends[0]}`)
    assert.deepEqual(ends.slice(1), [1009, 1009])
    return 'limit_exceeded (limits.frameBytes); 1009 unread'
  },
})

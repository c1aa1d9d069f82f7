import assert from 'node:assert/strict'
import {
  clientFrame,
  closeFrame,
  deflated,
  text,
} from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** Inflates to less than a frame may have, so that each would be inflated and parsed. */
const BODY_BYTES = 60_000
const FRAMES = 2000

export const attack = defineAttack({
  name: 'after-goodbye',
  tries: 'says goodbye, does not answer the close, and sends small frames that inflate to large ones',
  async run(arena) {
    const mallory = await arena.stranger('mallory', {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    })
    await mallory.ask(arena.room, 'phx_join', { meta: {} })
    let heard = 0
    mallory.peer.onMessage = () => heard++
    const message = mallory.frame(arena.room, 'new_msg', { body: 'x'.repeat(BODY_BYTES) })
    const packed = clientFrame({ ...text(''), payload: deflated(Buffer.from(message)), isCompressed: true })
    // It would be closed with 1007 for one of these, were they inflated.
    const broken = clientFrame({ ...text(''), payload: Buffer.alloc(50, 0xff), isCompressed: true })
    const late = Array.from({ length: FRAMES }, (_, i) => (i % 10 === 0 ? broken : packed))
    const goodbye = clientFrame(text(mallory.frame('rollcall', 'goodbye')))
    mallory.peer.write(Buffer.concat([goodbye, ...late, clientFrame(closeFrame(1000))]))
    return { end: await mallory.peer.ended(PATIENCE_MS), heard }
  },
  check({ end, heard }) {
    assert.equal(end.code, 1000)
    // The reply to the goodbye, and at most what the room was told before it.
    assert.ok(heard < 50, `${heard} messages were heard after the goodbye`)
    return `closed with 1000; ${FRAMES} frames were skipped`
  },
})

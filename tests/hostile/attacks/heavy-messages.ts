import assert from 'node:assert/strict'
import { clientFrame, deflated, text } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** Fewer than `rates.messages` lets through at once. */
const MESSAGES = 150
const BODY_BYTES = 60_000

export const attack = defineAttack({
  name: 'heavy-messages',
  tries: 'pushes messages of 60 KB into a room of the honest, few of them; plain, and deflated to 200 bytes',
  async run(arena) {
    return Promise.all(
      [false, true].map(async (isCompressed) => {
        const room = isCompressed ? 'room:of-their-own' : arena.room
        const mallory = await arena.stranger(isCompressed ? 'mallory-2' : 'mallory', {
          headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
        })
        await mallory.ask(room, 'phx_join', { meta: {} })
        const startedMs = performance.now()
        const frames = Array.from({ length: MESSAGES }, () => {
          const message = mallory.frame(room, 'new_msg', { body: 'x'.repeat(BODY_BYTES) })
          const payload = isCompressed ? deflated(Buffer.from(message)) : Buffer.from(message)
          return clientFrame({ ...text(''), payload, isCompressed })
        })
        for (const frame of frames) mallory.peer.write(frame)
        const end = await mallory.peer.ended(PATIENCE_MS)
        return {
          seconds: (performance.now() - startedMs) / 1000,
          throttled: mallory.countOf('throttled'),
          refusal: mallory.refusals.get('throttled'),
          end,
        }
      }),
    )
  },
  check(outcomes) {
    const told: string[] = []
    for (const { seconds, throttled, refusal, end } of outcomes) {
      assert.match(refusal?.message ?? 'None was throttled.', /rates\.bytes\.perSecond/)
      assert.ok(refusal?.retry_after_ms > 0)
      // Each of them counts for 15 of the 200 that may be refused at once, and 5 a second.
      const most = Math.ceil((200 + seconds * 5) / 15) + 1
      assert.ok(throttled <= most, `${throttled} messages were refused one by one, where ${most} may be`)
      // Who does not read the close in time is cut off without it.
      assert.ok(end.code === 1008 || end.code === 1006, `closed with ${end.code}`)
      told.push(`${throttled}`)
    }
    return `throttled by bytes, inflated: ${told.join(' and ')} of them; then 1008 abuse`
  },
})

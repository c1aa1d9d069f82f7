import assert from 'node:assert/strict'
import { clientFrame, deflated, text } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

/** Fewer than `rates.messages` lets through at once. */
const MESSAGES = 150
const BODY_BYTES = 60_000
/** The defaults of `rates.bytes`. */
const BURST_BYTES = 1_048_576
const BYTES_PER_SECOND = 131_072

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
        // Its answer comes after theirs, whatever it is.
        await mallory.ask('rollcall', 'heartbeat')
        return {
          seconds: (performance.now() - startedMs) / 1000,
          throttled: mallory.countOf('throttled'),
          refusal: mallory.refusals.get('throttled'),
          end: mallory.peer.end,
        }
      }),
    )
  },
  check(outcomes) {
    const told: string[] = []
    for (const { seconds, throttled, refusal, end } of outcomes) {
      assert.match(refusal?.message ?? 'None was throttled.', /rates\.bytes\.perSecond/)
      assert.ok(refusal?.retry_after_ms > 0)
      const most = Math.ceil((BURST_BYTES + seconds * BYTES_PER_SECOND) / BODY_BYTES)
      const taken = MESSAGES - throttled
      assert.ok(taken <= most, `${taken} messages were taken, where ${most} may be`)
      assert.equal(end, null)
      told.push(`${taken} of ${MESSAGES}`)
    }
    return `throttled by bytes, inflated; taken: ${told.join(', ')}`
  },
})

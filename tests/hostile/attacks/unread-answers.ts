import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { soon } from '../support/soon'
import { defineAttack } from './attack'
import { checkHeld, LARGE_ROOM, STATE_PACE_MS, visitLargeRoom } from './large-room'
import { PollSession } from './poll-session'

export const attack = defineAttack({
  name: 'unread-answers',
  tries: 'has the state of a large room sent to all long polls of an account, and reads no answer',
  server: 'own',
  async run(arena) {
    const { maxPerIdentity, stallTimeoutMs } = arena.scale
    const room = await visitLargeRoom(arena)
    const sessions: PollSession[] = []
    for (let i = 0; i < maxPerIdentity; i++) {
      const session = await PollSession.begin(arena, 'mallory-polls')
      sessions.push(session)
      await session.pollUnread()
      assert.equal(await session.post(['1', '1', LARGE_ROOM, 'phx_join', {}]), 200)
      await sleep(STATE_PACE_MS)
    }
    const growthBytes = (await arena.heldBytes()) - room.heldBytes
    const [first] = sessions
    let last = 0
    const heartbeat = setInterval(() => {
      void first?.post([null, '2', 'phoenix', 'heartbeat', {}]).then((status) => {
        last = status
      })
    }, stallTimeoutMs / 10)
    arena.ends(() => clearInterval(heartbeat))
    await soon(
      () => last === 410,
      stallTimeoutMs * 2 + 3000,
      () => `the first session to be over; its posts are answered with ${last}`,
    )
    clearInterval(heartbeat)
    return { room, growthBytes, count: sessions.length }
  },
  check({ room, growthBytes, count }, arena) {
    // An answer is a text, and the bytes of it that the system has not taken.
    const held = checkHeld(growthBytes, 2, room, arena)
    return `${held} over ${count} sessions (outbox.accountStateBytes); then 410 (outbox.stallTimeoutMs)`
  },
})

import { setTimeout as sleep } from 'node:timers/promises'
import { soon } from '../support/soon'
import { defineAttack } from './attack'
import { checkHeld, LARGE_ROOM, STATE_PACE_MS, visitLargeRoom } from './large-room'
import type { Stranger } from './stranger'

export const attack = defineAttack({
  name: 'unread-states',
  tries:
    'has the state of a large room sent to all connections of an account, reads nothing, and sends heartbeats',
  server: 'own',
  async run(arena) {
    const { maxPerIdentity, stallTimeoutMs } = arena.scale
    const room = await visitLargeRoom(arena)
    const silent: Stranger[] = []
    // Nothing is read; to write tells that the other end is gone, too.
    const heartbeat = setInterval(() => {
      for (const stranger of silent) stranger.peer.say(stranger.frame('rollcall', 'heartbeat'))
    }, stallTimeoutMs / 10)
    arena.ends(() => clearInterval(heartbeat))
    for (let i = 0; i < maxPerIdentity; i++) {
      const stranger = await arena.stranger('mallory-reads-nothing')
      stranger.peer.socket.pause()
      silent.push(stranger)
      for (const event of ['phx_join', 'presence_sync']) {
        stranger.peer.say(stranger.frame(LARGE_ROOM, event))
        await sleep(STATE_PACE_MS)
      }
    }
    const growthBytes = [(await arena.heldBytes()) - room.heldBytes]
    const cut = () => silent.filter(({ peer }) => peer.socket.destroyed).length
    await soon(
      () => cut() > 0,
      stallTimeoutMs * 2 + 3000,
      () => 'the first of them to be cut off',
    )
    // There is room for other states then, which are left unread, too.
    await sleep(STATE_PACE_MS)
    growthBytes.push((await arena.heldBytes()) - room.heldBytes)
    return { room, most: Math.max(...growthBytes), cut: cut(), count: silent.length }
  },
  check({ room, most, cut, count }, arena) {
    const held = checkHeld(most, 1, room, arena)
    return `${held} (outbox.accountStateBytes); ${cut} of ${count} cut off (outbox.stallTimeoutMs), others in turn`
  },
})

import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { floodRoom } from './flood-of-writers'
import { PollSession } from './poll-session'

const ROOM = 'room:of-the-poller'
const POLL_EVERY_MS = 100

export const attack = defineAttack({
  name: 'unread-polls',
  tries: 'has megabytes sent to its long poll, and polls again and again without reading an answer',
  async run(arena) {
    const session = await PollSession.begin(arena)
    const joined = await session.post(['1', '1', ROOM, 'phx_join', {}])
    // One TCP connection: what the system takes for a peer that reads nothing is a few megabytes for each.
    const socket = await arena.tcp(arena.newAddress())
    socket?.pause()
    let polls = 0
    const timer = setInterval(() => {
      if (!socket?.writable) return
      polls++
      socket.write(session.request)
    }, POLL_EVERY_MS)
    arena.ends(() => clearInterval(timer))
    const isWriterOpen = await floodRoom(arena, ROOM)
    const last = await session.post(['1', null, ROOM, 'presence_sync', {}])
    clearInterval(timer)
    return { joined, last, polls, isWriterOpen }
  },
  check({ joined, last, polls, isWriterOpen }) {
    assert.equal(joined, 200)
    assert.ok(polls > 3, `only ${polls} polls were sent`)
    assert.ok(isWriterOpen, 'Who reads was cut off, too.')
    assert.equal(last, 410, 'The session that reads nothing goes on.')
    return `410: of ${polls} polls one has an answer, which counts until it is read (outbox.hardLimitBytes)`
  },
})

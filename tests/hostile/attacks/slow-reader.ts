import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { floodRoom } from './flood-of-writers'

export const attack = defineAttack({
  name: 'slow-reader',
  tries: 'has megabytes sent to itself, in a room of the honest too, and reads none of it',
  async run(arena) {
    const readers = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const reader = await arena.stranger(`mallory-${i}`)
        await reader.ask('room:of-their-own', 'phx_join', { meta: {} })
        await reader.ask(arena.room, 'phx_join', { meta: {} })
        reader.peer.socket.pause()
        return reader
      }),
    )
    const isWriterOpen = await floodRoom(arena, 'room:of-their-own')
    // What is told once they read again is what the kernels held, and then the end.
    const ends = await Promise.all(
      readers.map(({ peer }) => {
        peer.socket.resume()
        return peer.ended(10_000)
      }),
    )
    return { ends, isWriterOpen }
  },
  check({ ends, isWriterOpen }) {
    // Who does not read the close in time is cut off without it.
    for (const { code } of ends) assert.ok(code === 1013 || code === 1006, `closed with ${code}`)
    assert.ok(isWriterOpen, 'Who reads was cut off, too.')
    return `1013 reads too slowly (${ends.filter(({ code }) => code === 1013).length} of ${ends.length} heard it)`
  },
})

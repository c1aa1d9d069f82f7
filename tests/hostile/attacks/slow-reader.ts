import assert from 'node:assert/strict'
import { defineAttack } from './attack'

/** Bytes of a message; with all that a connection may send at once, far more than may wait for one. */
const BYTES = 60_000
const MESSAGES = 450

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
    const writer = await arena.stranger('mallory-writer')
    await writer.ask('room:of-their-own', 'phx_join', { meta: {} })
    const body = 'x'.repeat(BYTES)
    for (let i = 0; i < MESSAGES && !writer.peer.end; i++) {
      writer.peer.say(writer.frame('room:of-their-own', 'new_msg', body))
      // So that the writer, who reads, is none of the slow ones.
      if (i % 10 === 9) await writer.peer.settled(10_000)
    }
    const isWriterOpen = await writer.peer.settled(10_000)
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

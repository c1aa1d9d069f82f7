import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import type { Stranger } from './stranger'

/** Bytes of a message; one connection may send so many of them at once (`rates.bytes`). */
const BYTES = 60_000
const MESSAGES = 16
/** Together they send far more than may wait for one. */
const WRITERS = 25

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
    const body = 'x'.repeat(BYTES)
    const writers: Stranger[] = []
    for (let i = 0; i < WRITERS; i++) {
      const writer = await arena.stranger(`mallory-writer-${i}`)
      writers.push(writer)
      await writer.ask('room:of-their-own', 'phx_join', { meta: {} })
      for (let n = 0; n < MESSAGES; n++) writer.peer.say(writer.frame('room:of-their-own', 'new_msg', body))
      // So that the writers, who read, are none of the slow ones.
      for (const { peer } of writers) await peer.settled(10_000)
      await writer.ask('room:of-their-own', 'phx_leave')
    }
    const isWriterOpen = writers.every(({ peer }) => !peer.end)
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

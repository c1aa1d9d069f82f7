import type { Arena } from './arena'
import type { Stranger } from './stranger'

/** Bytes of a message; one connection may send so many of them at once (`rates.bytes`). */
const BYTES = 60_000
const MESSAGES = 16
/** Together they send far more than may wait for one. */
const WRITERS = 25

/** Has 24 MB sent to everybody in a room, by strangers who read. Whether all of those were let be. */
export async function floodRoom(arena: Arena, room: string): Promise<boolean> {
  const body = 'x'.repeat(BYTES)
  const writers: Stranger[] = []
  for (let i = 0; i < WRITERS; i++) {
    const writer = await arena.stranger(`mallory-writer-${i}`)
    writers.push(writer)
    await writer.ask(room, 'phx_join', { meta: {} })
    for (let n = 0; n < MESSAGES; n++) writer.peer.say(writer.frame(room, 'new_msg', body))
    // So that the writers, who read, are none of the slow ones.
    for (const { peer } of writers) await peer.settled(10_000)
    await writer.ask(room, 'phx_leave')
  }
  return writers.every(({ peer }) => !peer.end)
}

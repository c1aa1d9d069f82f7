import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PollSession } from './poll-session'
import { statusesIn, writeUntilClosed } from './write-until-closed'

const CHUNKS = '1\r\nx\r\n'.repeat(10_000)
const CONNECTIONS = 16
const TARGETS = ['GET /healthz', 'PUT /', 'OPTIONS /socket/longpoll?vsn=2.0.0']
/** What the systems of both sides may hold of a connection that nobody reads, and more. */
const MOST_BYTES = 32_000_000

export const attack = defineAttack({
  name: 'tiny-chunks',
  tries: 'sends bodies in chunks of a byte: with requests that have no use for one, and to its long poll',
  async run(arena) {
    const head = (start: string) => `${start} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
    const unwanted = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) =>
        writeUntilClosed(arena, arena.newAddress(), head(TARGETS[i % TARGETS.length] ?? ''), CHUNKS),
      ),
    )
    const { path } = await PollSession.begin(arena, 'mallory-chunks')
    const post = await writeUntilClosed(arena, arena.newAddress(), head(`POST ${path}`), CHUNKS)
    return { unwanted, post }
  },
  check({ unwanted, post }) {
    for (const { answer, sentBytes } of unwanted) {
      // The answer is lost where what was still on its way met a closed connection.
      assert.ok(statusesIn(answer).length <= 1)
      assert.ok(sentBytes < MOST_BYTES, `${sentBytes} bytes were taken`)
    }
    assert.ok([0, 413].includes(statusesIn(post.answer)[0] ?? 0), post.answer)
    return `${unwanted.length} connections closed with one answer each; 413 for the post`
  },
})

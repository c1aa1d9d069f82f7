import assert from 'node:assert/strict'
import { clientFrame, deflated, text } from '../../../packages/server/src/testing-support/client-frames'
import type { RawPeer } from '../support/raw-peer'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** Four empty blocks of DEFLATE (RFC 1951, 3.2.6), ten bits each. */
const EMPTY_BLOCKS = Buffer.from([0x02, 0x08, 0x20, 0x80, 0x00])
const BLOCKS_BYTES = 50_000
const PING_BYTES = 125
/** Fewer than a read may hold. (S-42) */
const PINGS_AT_ONCE = 200
/** Many times what `rates.bytes` lets through, and what `rates.abuse` does after that. */
const MOST_BYTES = 24_000_000

export const attack = defineAttack({
  name: 'idle-bytes',
  tries: 'sends bytes that say nothing: messages of empty deflate blocks, and pings, without end',
  async run(arena) {
    const compressing = await arena.stranger('mallory', {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    })
    const message = deflated(Buffer.from(compressing.frame('rollcall', 'heartbeat', {}, 'h')))
    const blocks = Buffer.alloc(BLOCKS_BYTES, EMPTY_BLOCKS)
    const payload = Buffer.concat([blocks, message])
    const heartbeat = clientFrame({ ...text(''), payload, isCompressed: true })
    let answered = 0
    compressing.peer.onMessage = (told) => {
      if (JSON.parse(told)[4].status === 'ok') answered++
    }
    const pinging = await arena.stranger('mallory-2')
    const ping = clientFrame({ opcode: 9, payload: Buffer.alloc(PING_BYTES) })
    const pings = Buffer.concat(Array(PINGS_AT_ONCE).fill(ping))
    return {
      blocks: await flood(compressing.peer, heartbeat),
      pings: await flood(pinging.peer, pings),
      answered,
    }
  },
  check({ blocks, pings, answered }) {
    for (const { sentBytes, end } of [blocks, pings]) {
      assert.ok(end, `${inMb(sentBytes)} were taken`)
      // Who does not read the close in time is cut off without it.
      assert.ok(end.code === 1008 || end.code === 1006, `closed with ${end.code}`)
    }
    assert.ok(answered > 0, 'None of the messages was one.')
    return `1008 after ${inMb(blocks.sentBytes)} of empty blocks, and after ${inMb(pings.sentBytes)} of pings`
  },
})

/** Sends this over and over, each time when the last was read, until it is cut off or it is enough. */
async function flood(peer: RawPeer, bytes: Buffer) {
  let sentBytes = 0
  while (!peer.end && sentBytes < MOST_BYTES) {
    peer.write(bytes)
    sentBytes += bytes.length
    await peer.settled(PATIENCE_MS)
  }
  return { sentBytes, end: peer.end }
}

function inMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

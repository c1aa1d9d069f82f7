import type { Socket } from 'node:net'
import { constants, deflateRawSync } from 'node:zlib'
import type { ServerOptions } from '@rollcall/server'
import { afterEach, describe, expect, test } from 'vitest'
import { connect, type Peer } from './support/peer'
import { startServer } from './support/server'
import { rollcall, type Speaker } from './support/speakers'

/*
 * What no WebSocket library sends, in bytes, from a peer of each dialect, while somebody honest is in the same topic: the
 * peer is closed with the code that says why, and the honest one is served all the while. (S-9, S-19, S-42)
 */

const topic = 'room:lobby'
const dialects = [
  { name: 'rollcall', path: '/socket', subprotocol: 'rollcall.v1' },
  { name: 'phoenix-v2', path: '/socket/websocket?vsn=2.0.0' },
  { name: 'phoenix-v1', path: '/socket/websocket' },
  { name: 'zzz', path: '/socket' },
  { name: 'vix', path: '/' },
]

/** A frame of a client, its mask all zeros, so that what is sent stands in it as it is. */
function frame(firstByte: number, payload: Uint8Array): Buffer {
  const head = payload.length < 126 ? [firstByte, 0x80 | payload.length] : [firstByte, 0xfe, 0, 0]
  const bytes = Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
  if (payload.length >= 126) bytes.writeUInt16BE(payload.length, 2)
  return bytes
}

const [TEXT, FIRST_OF_TEXT, CONTINUATION, LAST, PING, COMPRESSED_TEXT] = [0x81, 0x01, 0x00, 0x80, 0x89, 0xc1]
const NOTHING = Buffer.alloc(0)
const many = (count: number, one: Buffer) => Buffer.concat(new Array(count).fill(one))

/** Zeros that stand for themselves, a thousandth of their size: many of them are a bomb. */
const zeros = deflateRawSync(Buffer.alloc(500_000), { finishFlush: constants.Z_FULL_FLUSH })

let honest: Speaker

async function enter(
  dialect: (typeof dialects)[number],
  options: ServerOptions = {},
): Promise<{ peer: Peer; write: (bytes: Buffer) => void }> {
  const { port } = await startServer(options)
  honest = await rollcall.speak(port, 'honest')
  await honest.ask(topic, 'phx_join', { meta: { ok: true } })
  const peer = await connect(`ws://127.0.0.1:${port}${dialect.path}`, dialect.subprotocol)
  // The library's own socket: what it would not write is written past it.
  const { _socket } = peer.socket as unknown as { readonly _socket: Socket }
  return { peer, write: (bytes) => void _socket.write(bytes) }
}

afterEach(async () => {
  expect(honest.peer.closed).toBeNull()
  expect((await honest.ask('rollcall', 'heartbeat')).status).toBe('ok')
  const state = honest.ask(topic, 'presence_sync')
  expect((await state).status).toBe('ok')
  expect((await honest.event('presence_state')).presences.map(({ key }: { key: string }) => key)).toEqual([
    'honest',
  ])
})

describe.each(dialects)('[S-19] in the $name dialect', (dialect) => {
  test.each([
    ['a byte that no UTF-8 has', Buffer.from([0x22, 0xff, 0x22])],
    ['a character that is written too long', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['half of a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['a character past the last one', Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])],
    ['a character that is cut off', Buffer.from([0x22, 0xe2, 0x82])],
  ])('%s closes with 1007', async (_what, text) => {
    const { peer, write } = await enter(dialect)
    write(frame(TEXT, text))
    expect((await peer.whenClosed()).code).toBe(1007)
  })

  test('UTF-8 that is broken across fragments closes with 1007, at the last of them', async () => {
    const { peer, write } = await enter(dialect)
    write(frame(FIRST_OF_TEXT, Buffer.from([0x22, 0xe2])))
    write(frame(CONTINUATION, Buffer.from([0x82])))
    write(frame(LAST, Buffer.from([0x22])))
    expect((await peer.whenClosed()).code).toBe(1007)
  })

  test('[S-9] a bomb closes with 1009: 50 kB that would inflate to 50 MB', async () => {
    const { peer, write } = await enter(dialect)
    const bomb = many(100, zeros)
    write(frame(COMPRESSED_TEXT, bomb))
    expect((await peer.whenClosed()).code).toBe(1009)
  })

  test('[S-9] a bomb in fragments closes with 1009', async () => {
    const { peer, write } = await enter(dialect)
    write(frame(0x41, zeros))
    write(many(50, frame(CONTINUATION, zeros)))
    write(frame(LAST, NOTHING))
    expect((await peer.whenClosed()).code).toBe(1009)
  })

  test('[S-42] a message that does not go on is given up, whether or not its peer answers pings', async () => {
    const { peer, write } = await enter(dialect, { heartbeat: { pingIntervalMs: 200, pongTimeoutMs: 200 } })
    write(frame(FIRST_OF_TEXT, Buffer.from('[')))
    expect((await peer.whenClosed()).code).toBe(1006)
  })

  test('[S-9] a message that never ends closes with 1009', async () => {
    const { peer, write } = await enter(dialect)
    write(frame(FIRST_OF_TEXT, Buffer.from('[')))
    write(many(10, frame(CONTINUATION, Buffer.alloc(60_000, '['))))
    expect((await peer.whenClosed()).code).toBe(1009)
  })

  test.each([
    ['pings', frame(TEXT, Buffer.from('5')), frame(PING, NOTHING)],
    ['empty fragments', frame(FIRST_OF_TEXT, NOTHING), frame(CONTINUATION, NOTHING)],
  ])('[S-42] a flood of %s closes with 1008', async (_what, before, one) => {
    const { peer, write } = await enter(dialect)
    write(before)
    write(many(100_000, one))
    expect((await peer.whenClosed()).code).toBe(1008)
  })
})

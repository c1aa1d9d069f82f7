import { describe, expect, test } from 'vitest'
import {
  clientFrame,
  closeFrame,
  cut,
  deflated,
  text,
} from '../../../packages/server/src/testing-support/client-frames'
import { open } from '../../hostile/support/raw-peer'
import { BOTS, type Given } from './servers'
import { PATIENCE_MS, somewhere, Talker } from './talk'

const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }

export function frameChecks(given: Given): void {
  const talker = (options = {}) => Talker.open(given().open.port, options)
  const message = (topic: string, body: string) => JSON.stringify([null, 'm', topic, 'said', { body }])

  describe('frames', () => {
    test('of every length arrive, in both directions', async () => {
      const [topic, peer] = [somewhere(), await talker()]
      await peer.join(topic)
      for (const length of [0, 100, 126, 5000, 60_000]) {
        const body = 'ü'.repeat(length / 2)
        const heard = peer.event(topic, 'said')
        peer.peer.say(message(topic, body))
        expect((await heard).body).toBe(body)
      }
    })

    test('in pieces of any size, and messages in fragments with a ping between them, arrive', async () => {
      const [topic, peer] = [somewhere(), await talker()]
      await peer.join(topic)
      const bytes = Buffer.from(message(topic, 'in fragments'))
      const part = (opcode: number, payload: Uint8Array, isFinal: boolean) =>
        clientFrame({ opcode, payload, isFinal })
      const frames = [
        part(1, bytes.subarray(0, 10), false),
        clientFrame({ opcode: 9, payload: Buffer.from('are you there') }),
        part(0, bytes.subarray(10, 20), false),
        part(0, bytes.subarray(20), true),
      ]
      const heard = peer.event(topic, 'said')
      for (const piece of cut(Buffer.concat(frames), [1, 2, 3])) {
        peer.peer.write(piece)
        await new Promise(setImmediate)
      }
      expect((await heard).body).toBe('in fragments')
      expect(await peer.peer.settled(PATIENCE_MS)).toBe(true)
    })

    test.each([
      ['a message that is too large', 1009, () => clientFrame(text('x'.repeat(300_000)))],
      [
        'a text that is not UTF-8',
        1007,
        () => clientFrame({ opcode: 1, payload: Buffer.from([0xc3, 0x28]) }),
      ],
      ['a frame without a mask', 1002, () => clientFrame({ ...text('hello'), isMasked: false })],
      ['a reserved bit', 1002, () => clientFrame({ ...text('hello'), reserved: 0x20 })],
    ])('%s ends the connection with %i', async (_what, code, bytes) => {
      const { peer } = await talker()
      peer.write(bytes())
      expect((await peer.ended(PATIENCE_MS)).code).toBe(code)
    })

    test('a close is answered with its code, and the end of the connection', async () => {
      const { peer } = await talker()
      peer.write(clientFrame(closeFrame(4321, 'enough')))
      expect((await peer.ended(PATIENCE_MS)).code).toBe(4321)
    })

    test('a large state is compressed for those who take it; compressed messages are read', async () => {
      const read = async (headers: Record<string, string>) => {
        const peer = await talker({ headers })
        const before = peer.peer.socket.bytesRead
        const keys = await peer.join('room:crowd')
        expect(keys.length).toBeGreaterThanOrEqual(BOTS)
        return { peer, bytes: peer.peer.socket.bytesRead - before }
      }
      const [plain, small] = [await read({}), await read(OFFER)]
      expect(small.bytes).toBeLessThan(plain.bytes / 3)

      const topic = somewhere()
      await small.peer.join(topic)
      const heard = small.peer.event(topic, 'said')
      const payload = deflated(Buffer.from(message(topic, 'long '.repeat(2000))))
      small.peer.peer.write(clientFrame({ opcode: 1, payload, isCompressed: true }))
      expect((await heard).body).toBe('long '.repeat(2000))
      for (const { peer } of [plain, small]) peer.peer.destroy()
    })
  })

  describe('a reader', () => {
    /** A message that fans out as some 50 KB. */
    const large = 'x'.repeat(50_000)

    test('that stops reading for a while and goes on misses nothing that it may not miss', async () => {
      const [topic, reader, writer] = [somewhere(), await talker(), await talker()]
      await reader.join(topic)
      await writer.join(topic)
      const bodies: string[] = []
      reader.peer.onMessage = (json) => {
        const [, , , event, payload] = JSON.parse(json)
        if (event === 'said') bodies.push(payload.body.slice(0, 3))
      }
      reader.peer.socket.pause()
      // The operating system takes some of it; what waits in the server stays below the limit.
      const names = Array.from({ length: 5 }, (_, n) => `${n}`.padStart(3, '0'))
      for (const name of names) writer.peer.say(message(topic, name + large))
      expect(await writer.peer.settled(PATIENCE_MS)).toBe(true)
      reader.peer.socket.resume()
      await expect.poll(() => bodies, { timeout: PATIENCE_MS }).toEqual(names)
      for (const { peer } of [reader, writer]) peer.destroy()
    })

    test('that reads nothing for good is cut off, and the others go on', async () => {
      const [topic, writer] = [somewhere(), await talker()]
      await writer.join(topic)
      const stuck = await open({
        port: given().open.port,
        path: '/socket?user_id=stuck',
        subprotocol: 'rollcall.v1',
      })
      const arrives = writer.arrivalOf(topic, 'stuck')
      stuck.say(['1', '1', topic, 'phx_join', { meta: {} }])
      const ref = await arrives
      stuck.socket.pause()
      const leaves = writer.leaveOf(topic, ref)
      let isGone = false
      const watched = leaves.finally(() => {
        isGone = true
      })
      for (let n = 0; n < 400 && !isGone; n++) {
        writer.peer.say(message(topic, large))
        await writer.peer.settled(PATIENCE_MS)
      }
      expect(await watched).toBe('closed')
      stuck.destroy()
      writer.peer.destroy()
    })
  })
}

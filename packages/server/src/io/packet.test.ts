import { describe, expect, test } from 'vitest'
import * as ws from 'ws'
import { Receiver } from '../testing-support/ws-receiver'
import { Packet } from './packet'

const options = { thresholdBytes: 1024, level: 6 }
const large = JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ key: `user-${i}` })))

async function readBack(bytes: Buffer, isCompressed: boolean) {
  const client = new Receiver(ws, { isCompressed })
  const messages = await client.read(bytes)
  client.close()
  expect(client.end).toBeNull()
  return messages.map(({ data, isBinary }) => (isBinary ? new Uint8Array(data) : data.toString()))
}

describe('a packet', () => {
  test.each([
    ['one text', ['{"a":"ü"}']],
    ['one of bytes', [Uint8Array.of(0, 255)]],
    ['one that is empty', ['']],
    ['several', ['first', Uint8Array.of(1, 2, 3), large, 'last']],
    ['large bytes', [new Uint8Array(70_000).fill(7)]],
  ])('of %s is read as it was written, compressed or not', async (_what, frames) => {
    expect(await readBack(new Packet(frames).plain(), false)).toEqual(frames)
    expect(await readBack(new Packet(frames).compressed(options), true)).toEqual(frames)
  })

  test('[S-12] is encoded once and compressed once, for however many', () => {
    const packet = new Packet([large])
    expect(packet.plain()).toBe(packet.plain())
    expect(packet.compressed(options)).toBe(packet.compressed(options))
    expect(packet.compressed(options).length).toBeLessThan(packet.plain().length / 3)
  })

  test('of less than the threshold is the same bytes for those that take compression', () => {
    const packet = new Packet(['x'.repeat(1000)])
    expect(packet.compressed(options)).toBe(packet.plain())
  })

  test('has compressed those of its frames that are worth it', () => {
    const small = 'x'.repeat(1023)
    const bytes = new Packet([small, 'x'.repeat(1024)]).compressed(options)
    expect(bytes.length).toBeLessThan(1100)
    expect(bytes.includes(small)).toBe(true)
    // The first byte of the second: whole, compressed, text.
    expect(bytes[4 + 1023]).toBe(0xc1)
  })
})

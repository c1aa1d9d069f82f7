import { expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { systemClock } from './clock'
import { Packet, PacketBatch } from './packet'

const compression = { thresholdBytes: 1024, level: 6 }
const [a, b] = [new Packet(['a'.repeat(2000)]), new Packet(['b', Uint8Array.of(1)])]

test('[S-12] the same packets are put together once for all wires', () => {
  const batch = new PacketBatch(systemClock)
  const first = batch.encode([a, b], null)
  expect(first).toHaveLength(1)
  expect(first[0]).toEqual(Buffer.concat([a.plain(), b.plain()]))
  // Each wire has an array of its own.
  expect(batch.encode([a, b], null)).toBe(first)
})

test('one packet is its own bytes', () => {
  expect(new PacketBatch(systemClock).encode([a], null)[0]).toBe(a.plain())
  expect(new PacketBatch(systemClock).encode([a], compression)[0]).toBe(a.compressed(compression))
})

test('other packets, another order, or another way to write them are put together anew', () => {
  const batch = new PacketBatch(systemClock)
  const joined = (packets: Packet[], how: typeof compression | null) =>
    Buffer.concat(batch.encode(packets, how))
  const [plainA, plainB] = [a.plain(), b.plain()]
  expect(joined([a, b], null)).toEqual(Buffer.concat([plainA, plainB]))
  expect(joined([b, a], null)).toEqual(Buffer.concat([plainB, plainA]))
  expect(joined([a], null)).toEqual(plainA)
  expect(joined([a, b], compression)).toEqual(
    Buffer.concat([a.compressed(compression), b.compressed(compression)]),
  )
  expect(joined([a, b], null)).toEqual(Buffer.concat([plainA, plainB]))
})

test('what is large is not copied', () => {
  const large = new Packet(['x'.repeat(20_000)])
  const pieces = new PacketBatch(systemClock).encode([a, large, b], null)
  expect(pieces).toHaveLength(3)
  expect(pieces[1]).toBe(large.plain())
})

test('what was written last is let go of after the turn, and is there again when it is asked for', async () => {
  const clock = new VirtualClock()
  const batch = new PacketBatch(clock)
  const first = batch.encode([a, b], null)
  await clock.settle()
  expect(batch.encode([a, b], null)).not.toBe(first)
  expect(batch.encode([a, b], null)).toEqual(first)
})

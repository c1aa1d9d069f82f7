import type { Frame } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { Packet } from '../io/packet'
import { WriteScheduler } from '../io/write-scheduler'
import { MemoryWire } from '../testing-support/memory-wire'
import { RecordingLog } from '../testing-support/recording-log'
import { VirtualClock } from '../testing-support/virtual-clock'
import { Outbox } from './outbox'

const OPTIONS = {
  softLimitBytes: 100,
  hardLimitBytes: 1000,
  accountStateBytes: 10_000,
  stallTimeoutMs: 1000,
}

const packet = (...frames: Frame[]) => new Packet(frames)
/** One that has this many bytes on the wire. */
const sized = (bytes: number, isState = false) => {
  const one = new Packet(['x'.repeat(bytes - (bytes > 127 ? 4 : 2))], isState)
  expect(one.plain().length).toBe(bytes)
  return one
}

function fill() {
  const clock = new VirtualClock()
  const wire = new MemoryWire(clock)
  const overflows: number[] = []
  const rooms: boolean[] = []
  const outbox = new Outbox(wire, new WriteScheduler(clock, new RecordingLog()), OPTIONS, {
    onOverflow: (bytes) => void overflows.push(bytes),
    onStateSpace: () => void rooms.push(true),
  })
  const drains: boolean[] = []
  wire.open({
    onMessage: () => {},
    onNonMessageBytes: () => {},
    onPong: () => {},
    onClose: () => {},
    onDrain: () => void drains.push(outbox.onDrained()),
  })
  /** Sends each in a turn of its own. */
  const send = async (...packets: Packet[]) => {
    for (const one of packets) {
      outbox.push(one)
      await clock.settle()
    }
  }
  return { clock, wire, outbox, overflows, rooms, drains, send }
}

test('[S-12] all packets of one turn leave in one write, in order', async () => {
  const { clock, wire, outbox } = fill()
  outbox.push(packet('a'))
  outbox.push(packet())
  outbox.push(packet('b', 'c'))
  expect(wire.writes).toEqual([])
  await clock.settle()
  outbox.push(packet('d'))
  await clock.settle()
  expect(wire.writes).toEqual([['a', 'b', 'c'], ['d']])
})

test('a flush writes the due packets once', async () => {
  const { clock, wire, outbox } = fill()
  outbox.push(packet('a'))
  outbox.flush()
  expect(wire.writes).toEqual([['a']])
  await clock.settle()
  expect(wire.writes).toEqual([['a']])
})

test('one timer serves all outboxes of a turn', async () => {
  const clock = new VirtualClock()
  const tick = new WriteScheduler(clock, new RecordingLog())
  const wires = Array.from({ length: 3 }, () => new MemoryWire(clock))
  const boxes = wires.map(
    (wire) => new Outbox(wire, tick, OPTIONS, { onOverflow: () => {}, onStateSpace: () => {} }),
  )
  for (const box of boxes) box.push(packet('x'))
  for (const box of boxes) box.push(packet('y'))
  await clock.settle()
  expect(wires.map(({ writes }) => writes)).toEqual([[['x', 'y']], [['x', 'y']], [['x', 'y']]])
})

describe('[S-9] a slow reader', () => {
  test('is congested above the soft limit, not at it, until everything has left', async () => {
    const { wire, outbox, drains, overflows, send } = fill()
    wire.isStuck = true
    await send(sized(60), sized(40))
    expect(outbox.isCongested).toBe(false)
    await send(sized(3))
    expect(outbox.isCongested).toBe(true)
    wire.readOn()
    expect([outbox.isCongested, drains, overflows]).toEqual([false, [true], []])
  })

  test('was not congested if its backlog stayed within the limit', async () => {
    const { wire, outbox, send } = fill()
    wire.isStuck = true
    await send(sized(100))
    expect([wire.isWatched, outbox.onDrained()]).toEqual([false, false])
  })

  test('overflows above the hard limit, not at it', async () => {
    const { wire, overflows, send } = fill()
    wire.isStuck = true
    await send(sized(500), sized(500))
    expect(overflows).toEqual([])
    await send(sized(3))
    expect(overflows).toEqual([1003])
  })

  test('owes nothing once it has read its backlog', async () => {
    const { wire, outbox, overflows, send } = fill()
    for (let round = 0; round < 5; round++) {
      wire.isStuck = true
      await send(sized(90))
      wire.readOn()
    }
    await send(sized(900), sized(900))
    wire.isStuck = true
    await send(sized(90))
    expect([outbox.isCongested, overflows]).toEqual([false, []])
  })

  test('is not one because of a single large state', async () => {
    const { wire, outbox, overflows, send } = fill()
    wire.isStuck = true
    await send(sized(60_000, true), sized(100))
    expect([outbox.isCongested, overflows]).toEqual([false, []])
    await send(sized(3))
    expect([outbox.isCongested, overflows]).toEqual([true, []])
    await send(sized(898))
    expect(overflows).toEqual([61_001])
  })

  test('[S-49] gets no state while one is unread, and the next once it has read that', async () => {
    const { wire, outbox, rooms, send } = fill()
    wire.isStuck = true
    await send(sized(5000, true))
    expect([outbox.canSendState(), outbox.isCongested, rooms]).toEqual([false, false, []])
    wire.readOn()
    expect([outbox.canSendState(), rooms]).toEqual([true, [true]])
    wire.isStuck = false
    outbox.push(sized(5000, true))
    expect(outbox.canSendState()).toBe(false)
    outbox.flush()
    expect([outbox.canSendState(), rooms]).toEqual([true, [true, true]])
  })

  test('[S-49] gets small states up to the soft limit, and another when only that much of one is left', async () => {
    const { wire, outbox, send } = fill()
    wire.isStuck = true
    await send(sized(30, true), sized(30, true), sized(30, true))
    expect(outbox.canSendState()).toBe(true)
    await send(sized(5000, true))
    wire.bufferedBytes = 90
    await send(sized(3))
    expect(outbox.canSendState()).toBe(true)
  })

  test('owes no more than what waits, as most of the earlier bytes may have left', async () => {
    const { wire, outbox, send } = fill()
    wire.isStuck = true
    await send(sized(90))
    wire.bufferedBytes = 5
    await send(sized(90))
    expect(outbox.isCongested).toBe(false)
  })
})

test('[S-12] an immediate packet is written at once, unless another is due before it', async () => {
  const clock = new VirtualClock()
  const wire = new MemoryWire(clock)
  const outbox = new Outbox(
    wire,
    new WriteScheduler(clock, new RecordingLog()),
    { ...OPTIONS, softLimitBytes: 1000 },
    { onOverflow: () => {}, onStateSpace: () => {} },
  )
  const prompt = (frame: string) => new Packet([frame], false, true)
  outbox.push(prompt('a'))
  expect(wire.writes).toEqual([['a']])
  outbox.push(packet('b'))
  outbox.push(prompt('c'))
  expect(wire.writes).toEqual([['a']])
  await clock.settle()
  expect(wire.writes).toEqual([['a'], ['b', 'c']])
})

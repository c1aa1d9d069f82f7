import { expect, test } from 'vitest'
import { Tick } from '../io/tick'
import { MemoryWire } from '../testing-support/memory-wire'
import { VirtualClock } from '../testing-support/virtual-clock'
import { Outbox } from './outbox'

function fill() {
  const clock = new VirtualClock()
  const wire = new MemoryWire(clock)
  const overflows: number[] = []
  const outbox = new Outbox(wire, new Tick(clock), 1000, (bytes) => overflows.push(bytes))
  return { clock, wire, outbox, overflows }
}

test('[S-12] all that comes in one turn leaves in one write, in its order', async () => {
  const { clock, wire, outbox } = fill()
  outbox.push(['a'])
  outbox.push([])
  outbox.push(['b', 'c'])
  expect(wire.writes).toEqual([])
  await clock.settle()
  outbox.push(['d'])
  await clock.settle()
  expect(wire.writes).toEqual([['a', 'b', 'c'], ['d']])
})

test('what has to leave now leaves now, and not again', async () => {
  const { clock, wire, outbox } = fill()
  outbox.push(['a'])
  outbox.onTick()
  expect(wire.writes).toEqual([['a']])
  await clock.settle()
  expect(wire.writes).toEqual([['a']])
})

test('[S-9] a backlog above the bound is reported, one at the bound is not', async () => {
  const { clock, wire, outbox, overflows } = fill()
  wire.bufferedBytes = 1000
  outbox.push(['a'])
  await clock.settle()
  expect(overflows).toEqual([])
  wire.bufferedBytes = 1001
  outbox.push(['b'])
  await clock.settle()
  expect(overflows).toEqual([1001])
})

test('one timer serves all outboxes of a turn, each once', async () => {
  const clock = new VirtualClock()
  const tick = new Tick(clock)
  const wires = Array.from({ length: 3 }, () => new MemoryWire(clock))
  const boxes = wires.map((wire) => new Outbox(wire, tick, 1000, () => {}))
  for (const box of boxes) box.push(['x'])
  for (const box of boxes) box.push(['y'])
  await clock.settle()
  expect(wires.map(({ writes }) => writes)).toEqual([[['x', 'y']], [['x', 'y']], [['x', 'y']]])
})

import { expect, test } from 'vitest'
import { GrowingBuffer } from './growing-buffer'

test('holds what came, in order, however it was cut', () => {
  const all = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
  const buffer = new GrowingBuffer(all.subarray(0, 3))
  for (let at = 3, size = 0; at < all.length; at += size, size = (size + 7) % 90) {
    buffer.append(all.subarray(at, at + size))
    expect(buffer.length).toBe(Math.min(at + size, all.length))
  }
  expect(buffer.view()).toEqual(all)
})

test('may begin with nothing, and be given nothing', () => {
  const buffer = new GrowingBuffer(Buffer.alloc(0))
  buffer.append(Buffer.alloc(0))
  expect(buffer.view()).toHaveLength(0)
  buffer.append(Buffer.from('a'))
  expect(buffer.view().toString()).toBe('a')
})

test('keeps what came although its source is used again', () => {
  const source = Buffer.from('once')
  const buffer = new GrowingBuffer(source)
  buffer.append(source)
  source.fill(0)
  expect(buffer.view().toString()).toBe('onceonce')
})

test('[S-9] takes at most twice the memory of what came', () => {
  const buffer = new GrowingBuffer(Buffer.alloc(100))
  for (let i = 0; i < 100_000; i++) {
    buffer.append(Buffer.of(1))
    if (i % 1000 === 0) expect(buffer.view().buffer.byteLength).toBeLessThanOrEqual(2 * buffer.length)
  }
})

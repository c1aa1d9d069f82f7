import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { SLICE_BYTES, SliceQueue } from './slice-queue'

/** A socket that takes a write only when it is told to. */
function slowSocket() {
  const writes: Buffer[] = []
  const taken: ((error?: Error) => void)[] = []
  const socket = new Writable({
    write: (chunk, _encoding, callback) => {
      writes.push(chunk)
      taken.push(callback)
    },
  })
  socket.on('error', () => {})
  const told: string[] = []
  const queue = new SliceQueue(socket, () => void told.push('empty'))
  const take = async (error?: Error) => {
    taken.shift()?.(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { socket, queue, writes, told, take }
}

const sizes = (writes: readonly Uint8Array[]) => writes.map(({ length }) => length)

describe('[S-101] what waits for a socket', () => {
  test('is handed over a slice at a time, each when the one before it was taken', async () => {
    const { queue, writes, told, take } = slowSocket()
    const large = Buffer.from(Array.from({ length: 2 * SLICE_BYTES + 10 }, (_, i) => i % 251))
    queue.push([large])
    expect([sizes(writes), queue.bytes]).toEqual([[SLICE_BYTES], SLICE_BYTES + 10])
    await take()
    expect([sizes(writes), queue.bytes]).toEqual([[SLICE_BYTES, SLICE_BYTES], 10])
    await take()
    expect([sizes(writes), queue.bytes, told]).toEqual([[SLICE_BYTES, SLICE_BYTES, 10], 0, []])
    await take()
    expect([Buffer.concat(writes).equals(large), told]).toEqual([true, ['empty']])
  })

  test('goes in its order, and small pieces together', async () => {
    const { queue, writes, take } = slowSocket()
    queue.push([Buffer.from('first')])
    queue.push(['a', 'b', 'c'].map((text) => Buffer.from(text)))
    queue.push([Buffer.alloc(SLICE_BYTES - 3, 'x'), Buffer.from('last')])
    for (let i = 0; i < 4; i++) await take()
    expect(sizes(writes)).toEqual([5, SLICE_BYTES, 4])
    expect(Buffer.concat(writes).toString()).toBe(`firstabc${'x'.repeat(SLICE_BYTES - 3)}last`)
  })

  test('goes before the end', async () => {
    const { socket, queue, writes, take } = slowSocket()
    queue.push([Buffer.alloc(SLICE_BYTES + 1)])
    queue.end()
    await take()
    expect([socket.writableEnded, sizes(writes)]).toEqual([false, [SLICE_BYTES, 1]])
    await take()
    expect(socket.writableEnded).toBe(true)
  })

  test('is dropped with a socket that is gone, and nobody is told that it was taken', async () => {
    const { queue, writes, told, take } = slowSocket()
    queue.push([Buffer.alloc(3 * SLICE_BYTES)])
    await take(new Error('reset'))
    expect([queue.bytes, sizes(writes), told]).toEqual([0, [SLICE_BYTES], []])
  })

  test('is nothing where the system takes it at once', async () => {
    const writes: Buffer[] = []
    const socket = new Writable({
      write: (chunk, _encoding, callback) => {
        writes.push(chunk)
        callback()
      },
    })
    const told: string[] = []
    const queue = new SliceQueue(socket, () => void told.push('empty'))
    queue.push([Buffer.alloc(2 * SLICE_BYTES + 1)])
    expect([sizes(writes), queue.bytes, queue.isWaiting]).toEqual([[SLICE_BYTES, SLICE_BYTES, 1], 0, false])
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([])
  })

  test('waits on where the socket tells of a slice that was taken at once', async () => {
    const { socket, queue, writes, told, take } = slowSocket()
    const write = socket._write.bind(socket)
    socket._write = (_chunk, _encoding, callback) => {
      socket._write = write
      callback()
    }
    queue.push([Buffer.alloc(3 * SLICE_BYTES)])
    await new Promise((resolve) => setImmediate(resolve))
    expect([sizes(writes), queue.bytes, queue.isWaiting]).toEqual([[SLICE_BYTES], SLICE_BYTES, true])
    await take()
    await take()
    expect([sizes(writes), queue.isWaiting, told]).toEqual([[SLICE_BYTES, SLICE_BYTES], false, ['empty']])
  })
})

import { describe, expect, test } from 'vitest'
import { FrameReader, type Guess } from './frame-reader'

/** A server's frame: no mask. */
function serverFrame(payload: Buffer, firstByte = 0x81): Buffer {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([firstByte, length]), payload])
  const head = Buffer.alloc(length < 0x10000 ? 4 : 10)
  head[0] = firstByte
  head[1] = length < 0x10000 ? 126 : 127
  if (length < 0x10000) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

function readAll(chunks: readonly Buffer[], guess: Guess = () => undefined): [number, boolean, string][] {
  const read: [number, boolean, string][] = []
  const reader = new FrameReader(
    (opcode, isCompressed, bytes) => read.push([opcode, isCompressed, String(bytes)]),
    guess,
  )
  for (const chunk of chunks) reader.read(chunk)
  return read
}

const texts = ['', 'short', 'm'.repeat(300), 'l'.repeat(70_000), 'end']
const stream = Buffer.concat(texts.map((text) => serverFrame(Buffer.from(text))))

describe('a frame reader', () => {
  test.each([1, 2, 3, 7, 1_000, 65_536, stream.length])('finds every frame in chunks of %i bytes', (size) => {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_none, index) =>
      stream.subarray(index * size, (index + 1) * size),
    )
    expect(readAll(chunks)).toEqual(texts.map((text) => [1, false, text]))
  })

  test('tells the opcode, and whether a message is compressed', () => {
    const frames = [serverFrame(Buffer.from('a'), 0xc1), serverFrame(Buffer.from('b'), 0x89)]
    expect(readAll([Buffer.concat(frames)])).toEqual([
      [1, true, 'a'],
      [9, false, 'b'],
    ])
  })

  test('takes a guess that is right as it is', () => {
    const payload = Buffer.from('x'.repeat(500))
    const frame = serverFrame(payload)
    let emitted: Buffer | undefined
    const reader = new FrameReader(
      (_opcode, _isCompressed, bytes) => {
        emitted = bytes
      },
      () => payload,
    )
    reader.read(frame.subarray(0, 100))
    reader.read(frame.subarray(100))
    expect(emitted).toBe(payload)
  })

  test.each([0, 95, 96, 200, 499])('does not believe a guess that is wrong at byte %i', (at) => {
    const payload = Buffer.from('x'.repeat(500))
    const guessed = Buffer.from(payload)
    guessed[at] = 'y'.charCodeAt(0)
    const before = String(guessed)
    const frame = serverFrame(payload)
    const chunks = [frame.subarray(0, 100), frame.subarray(100, 300), frame.subarray(300)]
    expect(readAll(chunks, () => guessed)).toEqual([[1, false, String(payload)]])
    expect(String(guessed)).toBe(before)
  })

  test('refuses a message in fragments', () => {
    expect(() => readAll([serverFrame(Buffer.from('a'), 0x01)])).toThrow('fragmented')
  })
})

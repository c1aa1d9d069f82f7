import { describe, expect, test } from 'vitest'
import * as ws from 'ws'
import { Receiver } from '../../testing-support/ws-receiver'
import { encodeClose, encodeFrame, headerBytes, OPCODE, writeHeader } from './frame-writer'

test.each([
  [0, '8200'],
  [125, '827d'],
  [126, '827e007e'],
  [65_535, '827effff'],
  [65_536, '827f0000000000010000'],
])('a payload of %i bytes has the shortest header that holds its length', (length, header) => {
  const frame = encodeFrame(OPCODE.binary, Buffer.alloc(length, 7))
  const bytes = headerBytes(length)
  expect(frame.subarray(0, bytes).toString('hex')).toBe(header)
  expect(frame.subarray(bytes).equals(Buffer.alloc(length, 7))).toBe(true)
})

test('a length of more than 32 bits is written whole', () => {
  const target = Buffer.alloc(10)
  expect(writeHeader(target, 0, OPCODE.binary, 2 ** 32 + 258)).toBe(10)
  expect(target.toString('hex')).toBe('827f0000000100000102')
})

test('a header is written at its place, and marks what is compressed', () => {
  const target = Buffer.alloc(6)
  expect(writeHeader(target, 3, OPCODE.text, 5, true)).toBe(5)
  expect(target.toString('hex')).toBe('000000c10500')
})

test.each([0, 1, 125, 126, 65_535, 65_536])('a client reads %i bytes as they were', async (length) => {
  const payload = Buffer.alloc(length, 'x')
  const client = new Receiver(ws)
  const [text, bytes] = [encodeFrame(OPCODE.text, payload), encodeFrame(OPCODE.binary, payload)]
  expect(await client.read(Buffer.concat([text, bytes]))).toEqual([
    { data: payload, isBinary: false },
    { data: payload, isBinary: true },
  ])
})

describe('a close', () => {
  const parts = (frame: Buffer) => [frame[0], frame.readUInt16BE(2), frame.subarray(4).toString()]

  test('has its code and its reason', () => {
    expect(parts(encodeClose(1013, 'reads too slowly'))).toEqual([0x88, 1013, 'reads too slowly'])
    expect(encodeClose(1000, '').toString('hex')).toBe('880203e8')
  })

  test('has of a reason that is too long what fits, and no half of a character', () => {
    expect(parts(encodeClose(1011, 'x'.repeat(500)))).toEqual([0x88, 1011, 'x'.repeat(123)])
    const [, , euros] = parts(encodeClose(1011, '€'.repeat(100)))
    expect(euros).toBe('€'.repeat(41))
    const [, , mixed] = parts(encodeClose(1011, `x${'😀'.repeat(100)}`))
    expect(mixed).toBe(`x${'😀'.repeat(30)}`)
  })

  test('holds nothing of what was in its memory before', () => {
    expect(encodeClose(1000, 'ok')).toHaveLength(6)
  })
})

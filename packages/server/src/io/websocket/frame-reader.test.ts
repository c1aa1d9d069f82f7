import { constants, deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type ClientFrame,
  clientFrame,
  closeFrame,
  cut,
  deflated,
  text,
} from '../../testing-support/client-frames'
import { RecordingSink } from '../../testing-support/recording-sink'
import { FrameReader } from './frame-reader'

const MAX = 70_000

function reading({ maxMessageBytes = MAX, isCompressed = true } = {}) {
  const sink = new RecordingSink()
  const reader = new FrameReader({ maxMessageBytes, isCompressed }, sink)
  const say = (...frames: ClientFrame[]) => reader.push(Buffer.concat(frames.map(clientFrame)))
  return { sink, reader, say }
}

/** What is left of the frames' payload is not looked at. */
const bytes = (length: number, fill = 'x') => Buffer.alloc(length, fill)
const part = (opcode: number, body: string | Uint8Array, isFinal = false): ClientFrame => ({
  opcode,
  payload: Buffer.from(body),
  isFinal,
})

describe('a message', () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536, MAX])('of %i bytes comes as it was sent', (length) => {
    for (const opcode of [1, 2]) {
      const { sink, say } = reading()
      say({ opcode, payload: bytes(length) })
      expect(sink.messages).toEqual([{ data: bytes(length), isBinary: opcode === 2 }])
      expect(sink.end).toBeNull()
    }
  })

  test.each([16, 64] as const)('whose length is written in %i bits without need is taken', (lengthBits) => {
    const { sink, say } = reading()
    say({ ...text('short'), lengthBits })
    expect(sink.texts).toEqual(['short'])
  })

  test('comes once, however the socket cuts it: in two at every byte, or byte by byte', () => {
    const frames = [
      text('first'),
      { opcode: 9, payload: Buffer.from('p') },
      part(1, 'be'),
      { opcode: 10, payload: bytes(0) },
      part(0, 'gin', true),
      { opcode: 1, payload: deflated(Buffer.from('packed')), isCompressed: true },
      { opcode: 2, payload: bytes(126) },
      closeFrame(4000, 'bye'),
    ]
    const whole = Buffer.concat(frames.map(clientFrame))
    const cuts = Array.from({ length: whole.length - 1 }, (_, i) => [i + 1, whole.length])
    for (const sizes of [[whole.length], [1], [3], ...cuts]) {
      const { sink, reader } = reading()
      for (const chunk of cut(whole, sizes)) reader.push(chunk)
      expect(sink.texts).toEqual(['first', 'begin', 'packed'])
      expect(sink.messages.at(-1)).toEqual({ data: bytes(126), isBinary: true })
      expect([sink.pings, sink.pongs]).toEqual([['p'], 1])
      expect(sink.end).toEqual({ how: 'close', code: 4000, reason: 'bye' })
    }
  })

  test('in fragments is one, with what control frames stand between them told at once', () => {
    const { sink, say } = reading()
    say(part(1, 'a'), part(0, ''), { opcode: 9, payload: Buffer.from('1') })
    expect([sink.texts, sink.pings]).toEqual([[], ['1']])
    say(part(0, 'b'), { opcode: 10, payload: bytes(0) }, part(0, 'c', true), text('next'))
    expect([sink.texts, sink.pongs]).toEqual([['abc', 'next'], 1])
  })

  test('may have a character that is cut by its fragments', () => {
    const [euro, { sink, say }] = [Buffer.from('€'), reading()]
    say(part(1, euro.subarray(0, 1)), part(0, euro.subarray(1, 2)), part(0, euro.subarray(2), true))
    expect(sink.texts).toEqual(['€'])
  })

  test.each([0, 1, 5000, MAX])(
    'that was compressed from %i bytes is inflated, in one frame or in many',
    (length) => {
      const packed = deflated(bytes(length))
      const { sink, say } = reading()
      say({ opcode: 1, payload: packed, isCompressed: true })
      say(
        { opcode: 2, payload: packed.subarray(0, 1), isFinal: false, isCompressed: true },
        { opcode: 0, payload: packed.subarray(1) },
      )
      expect(sink.messages).toEqual([
        { data: bytes(length), isBinary: false },
        { data: bytes(length), isBinary: true },
      ])
    },
  )

  test('may be sent as it is where compression was agreed on', () => {
    const { sink, say } = reading()
    say(
      text('plain'),
      { opcode: 1, payload: deflated(Buffer.from('packed')), isCompressed: true },
      text('plain'),
    )
    expect(sink.texts).toEqual(['plain', 'packed', 'plain'])
  })
})

describe('the peer’s close', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    '%i is told',
    (code) => {
      const { sink, say } = reading()
      say(closeFrame(code, 'grün'))
      expect(sink.end).toEqual({ how: 'close', code, reason: 'grün' })
    },
  )

  test('without a code is 1005', () => {
    const { sink, say } = reading()
    say({ opcode: 8, payload: bytes(0) })
    expect(sink.end).toEqual({ how: 'close', code: 1005, reason: '' })
  })

  test('is the last that is heard, in this chunk and in later ones', () => {
    const { sink, reader, say } = reading()
    say(text('before'), closeFrame(1000), text('after'), closeFrame(1001))
    say(text('later'))
    reader.push(Buffer.from([0xff, 0xff]))
    expect([sink.texts, sink.end?.code]).toEqual([['before'], 1000])
  })
})

describe('[S-19] a peer that breaks the protocol is closed, with the code that says how', () => {
  const badText = Buffer.from([0x68, 0xff, 0x69])
  const violations: readonly (readonly [what: string, code: number, frames: readonly ClientFrame[]])[] = [
    ['a frame without a mask', 1002, [{ ...text('hi'), isMasked: false }]],
    ['the second reserved bit', 1002, [{ ...text('hi'), reserved: 0x20 }]],
    ['the third reserved bit', 1002, [{ ...text('hi'), reserved: 0x10 }]],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      (opcode) => [`the opcode ${opcode}`, 1002, [{ opcode, payload: bytes(1) }]] as const,
    ),
    ['a continuation without a message', 1002, [part(0, 'a', true)]],
    [
      'a continuation of a message that is whole',
      1002,
      [part(1, 'a'), part(0, 'b', true), part(0, 'c', true)],
    ],
    ['a message before the last one ended', 1002, [part(1, 'a'), text('b')]],
    ...[8, 9, 10].flatMap((opcode) => [
      [`a control frame (${opcode}) in fragments`, 1002, [part(opcode, '')]] as const,
      [
        `a control frame (${opcode}) that is compressed`,
        1002,
        [{ opcode, payload: bytes(0), isCompressed: true }],
      ] as const,
      [`a control frame (${opcode}) of 126 bytes`, 1002, [{ opcode, payload: bytes(126) }]] as const,
    ]),
    [
      'a continuation that says it is compressed',
      1002,
      [part(1, 'a'), { ...part(0, 'b'), isCompressed: true }],
    ],
    ['a close code of one byte', 1002, [{ opcode: 8, payload: bytes(1) }]],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
      (code) => [`the close code ${code}`, 1002, [closeFrame(code)]] as const,
    ),
    ['a close reason that is not UTF-8', 1007, [closeFrame(1000, badText)]],
    ['a text that is not UTF-8', 1007, [{ opcode: 1, payload: badText }]],
    ['a text that is none across fragments', 1007, [part(1, badText.subarray(0, 2)), part(0, 'i', true)]],
    [
      'half a character at the end of a text',
      1007,
      [part(1, 'a'), part(0, Buffer.from('€').subarray(0, 2), true)],
    ],
    ['a surrogate in a text', 1007, [{ opcode: 1, payload: Buffer.from([0xed, 0xa0, 0x80]) }]],
    [
      'a compressed text that is no UTF-8',
      1007,
      [{ opcode: 1, payload: deflated(badText), isCompressed: true }],
    ],
    ['what cannot be inflated', 1007, [{ opcode: 2, payload: Buffer.alloc(20, 0xff), isCompressed: true }]],
    ['a message that is too large', 1009, [{ opcode: 2, payload: bytes(MAX + 1) }]],
    ['fragments that are', 1009, [part(2, bytes(MAX)), part(0, 'x', true)]],
    [
      'few bytes that inflate to many',
      1009,
      [{ opcode: 2, payload: deflated(bytes(MAX + 1)), isCompressed: true }],
    ],
  ]

  test.each(violations)('%s: %i', (_what, code, frames) => {
    for (const size of [Number.MAX_SAFE_INTEGER, 1]) {
      const { sink, reader, say } = reading()
      for (const chunk of cut(Buffer.concat(frames.map(clientFrame)), [size])) reader.push(chunk)
      say(text('too late'))
      expect(sink.end).toMatchObject({ how: 'violation', code, reason: expect.stringMatching(/./) })
      expect(sink.texts).not.toContain('too late')
    }
  })

  test('but bytes that are no UTF-8 are fine in a binary message', () => {
    const { sink, say } = reading()
    say({ opcode: 2, payload: badText })
    expect(sink.messages).toEqual([{ data: badText, isBinary: true }])
  })

  test('compression that was not agreed on: 1002', () => {
    const { sink, say } = reading({ isCompressed: false })
    say({ opcode: 1, payload: deflated(Buffer.from('hi')), isCompressed: true })
    expect(sink.end).toMatchObject({ how: 'violation', code: 1002 })
  })

  test('what came before it is heard', () => {
    const { sink, say } = reading()
    say(text('fine'), { opcode: 7, payload: bytes(0) })
    expect([sink.texts, sink.end?.code]).toEqual([['fine'], 1002])
  })

  test.each([
    ['a length past the limit', [0x82, 0xfe, 0x00, 0x0b]],
    ['a length that no number holds', [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('%s is refused by its header alone: 1009', (_what, header) => {
    const { sink, reader } = reading({ maxMessageBytes: 10 })
    reader.push(Buffer.from(header))
    expect(sink.end).toMatchObject({ how: 'violation', code: 1009 })
  })
})

describe('[S-42] frames with nothing in them are cheap to send, and many at once end the connection', () => {
  const none = bytes(0)
  const idle: readonly (readonly [what: string, before: readonly ClientFrame[], frame: ClientFrame])[] = [
    ['pings', [], { opcode: 9, payload: none }],
    ['pongs', [], { opcode: 10, payload: bytes(125) }],
    ['empty fragments', [part(1, 'a')], part(0, '')],
    ['pings between fragments', [part(1, 'a')], { opcode: 9, payload: none }],
    ['empty fragments of a compressed message', [{ ...part(2, ''), isCompressed: true }], part(0, '')],
  ]

  test.each(idle)('more than 1024 %s in one read: 1008', (_what, before, frame) => {
    const { sink, say } = reading()
    say(...before)
    say(...Array.from({ length: 1024 }, () => frame))
    expect(sink.end).toBeNull()
    say(...Array.from({ length: 1025 }, () => frame), text('too late'))
    expect(sink.end).toMatchObject({ how: 'violation', code: 1008 })
    expect([sink.pings.length + sink.pongs, sink.texts]).toEqual([frame.opcode === 0 ? 0 : 2048, []])
  })

  test('as many in each of many reads are fine, and so is a message in as many fragments as it has bytes', () => {
    const { sink, say } = reading()
    for (let i = 0; i < 20; i++) say(...Array.from({ length: 1000 }, () => ({ opcode: 10, payload: none })))
    say(part(1, ''), ...Array.from({ length: 5000 }, () => part(0, 'x')), part(0, '', true))
    expect(sink.pongs).toBe(20_000)
    expect(sink.texts).toEqual(['x'.repeat(5000)])
  })

  test('so are many empty messages: they are messages, and count as such', () => {
    const { sink, say } = reading()
    say(...Array.from({ length: 2000 }, () => text('')))
    expect(sink.messages).toHaveLength(2000)
    expect(sink.end).toBeNull()
  })
})

describe('[S-9] memory is bounded, however a message is cut', () => {
  /** Bytes of this process outside the heap, which is where buffers are. */
  const held = () => {
    const { arrayBuffers, external } = process.memoryUsage()
    return arrayBuffers + external
  }

  test('a million empty fragments', () => {
    const { sink, reader, say } = reading()
    say(part(1, 'a'))
    const before = held()
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => clientFrame(part(0, ''))))
    for (let i = 0; i < 1000; i++) reader.push(Buffer.from(thousand))
    say(part(0, 'z', true))
    expect(sink.texts).toEqual(['az'])
    expect(held() - before).toBeLessThan(64_000_000)
  })

  test('a bomb: 60 kB that would inflate to 60 MB', () => {
    // Each piece stands for itself, so that they can be put one behind the other.
    const piece = deflateRawSync(bytes(1_000_000, '\0'), { finishFlush: constants.Z_FULL_FLUSH })
    const bomb = Buffer.concat(Array.from({ length: 60 }, () => piece)).subarray(0, -4)
    expect(bomb.length).toBeLessThan(MAX)
    const { sink, say } = reading()
    const before = held()
    say({ opcode: 1, payload: bomb, isCompressed: true })
    expect(sink.end).toMatchObject({ how: 'violation', code: 1009 })
    expect(held() - before).toBeLessThan(10_000_000)
  })

  test('a bomb in fragments, each within the limit', () => {
    const piece = deflateRawSync(bytes(50_000, '\0'), { finishFlush: constants.Z_FULL_FLUSH })
    const { sink, say } = reading()
    say({ opcode: 2, payload: piece, isFinal: false, isCompressed: true })
    for (let i = 0; i < 100; i++) say(part(0, piece))
    expect(sink.end).toBeNull()
    say(part(0, '', true))
    expect(sink.end).toMatchObject({ how: 'violation', code: 1009 })
  })

  test('a large message of which each byte is a chunk: about twice its size', () => {
    const size = 1_000_000
    const { sink, reader } = reading({ maxMessageBytes: size })
    const whole = clientFrame({ opcode: 2, payload: bytes(size) })
    const before = held()
    let most = 0
    // One array for all the chunks: only what the reader keeps may count.
    const chunk = Buffer.alloc(1)
    for (let i = 0; i < whole.length; i++) {
      chunk[0] = whole[i] as number
      reader.push(chunk)
      if (i % 1000 === 0) most = Math.max(most, held() - before)
    }
    expect(sink.messages.map(({ data }) => data.length)).toEqual([size])
    // Twice, as both figures of the process count it; and what the collector has not taken yet of the smaller ones.
    expect(most).toBeLessThan(10 * size)
  })
})

describe('[S-48] once the server is closing', () => {
  const everything = [
    text('late'),
    { opcode: 9, payload: Buffer.from('p') },
    { opcode: 10, payload: bytes(0) },
    part(1, 'be'),
    part(0, 'gun', true),
    part(1, 'never ends'),
    { opcode: 2, payload: bytes(65_536) },
    // What could only be read with an error, or not at all.
    { opcode: 1, payload: bytes(50), isCompressed: true },
    { opcode: 2, payload: bytes(MAX + 1) },
    { opcode: 1, payload: Buffer.from([0xff]) },
    { opcode: 3, payload: bytes(1), reserved: 0x30, isMasked: false },
    ...Array.from({ length: 2000 }, () => ({ opcode: 9, payload: bytes(0) })),
  ] satisfies ClientFrame[]

  test.each([[1], [3], [1000], [65_536], [1_000_000]])(
    'the peer’s close frame is read, and nothing before it, in pieces of %i bytes',
    (size) => {
      const { sink, reader } = reading()
      reader.expectClose()
      const whole = Buffer.concat([...everything, closeFrame(4000, 'bye')].map(clientFrame))
      for (const chunk of cut(whole, [size])) reader.push(chunk)
      const { messages, pings, pongs, idleBytes, end } = sink
      expect({ messages, pings, pongs, idleBytes }).toEqual({
        messages: [],
        pings: [],
        pongs: 0,
        idleBytes: [],
      })
      expect(end).toEqual({ how: 'close', code: 4000, reason: 'bye' })
    },
  )

  test('so it is with what came in the same read, and with a frame of which the beginning has come', () => {
    const { sink, reader } = reading()
    sink.onText = () => reader.expectClose()
    const first = Buffer.concat([text('goodbye'), text('too late')].map(clientFrame))
    const large = clientFrame({ opcode: 1, payload: deflated(bytes(60_000)), isCompressed: true })
    reader.push(Buffer.concat([first, large.subarray(0, 20)]))
    reader.push(Buffer.from(large.subarray(20)))
    reader.push(clientFrame(closeFrame(1000)))
    expect(sink.texts).toEqual(['goodbye'])
    expect(sink.end).toEqual({ how: 'close', code: 1000, reason: '' })
  })

  test('a frame that claims to be of any length is skipped, and takes no memory', () => {
    const { sink, reader } = reading()
    reader.expectClose()
    reader.push(Buffer.concat([Buffer.from([0x82, 0xff, 0, 0, 1]), Buffer.alloc(1000)]))
    for (let i = 0; i < 100; i++) reader.push(clientFrame(closeFrame(1000)))
    expect(sink.end).toBeNull()
  })

  test('a close frame that is broken ends it as well', () => {
    const { sink, say, reader } = reading()
    reader.expectClose()
    say({ opcode: 8, payload: bytes(126) })
    expect(sink.end).toMatchObject({ how: 'violation', code: 1002 })
  })
})

describe('[S-50] what it cost the wire', () => {
  test('a message is told with its payload as it came, compressed or not', () => {
    const { sink, say } = reading()
    const packed = deflated(bytes(50_000))
    say(text('plain'), { opcode: 2, payload: packed, isCompressed: true })
    expect(sink.wireBytes).toEqual([5, packed.length])
    expect(sink.idleBytes).toEqual([])
  })

  test('fragments count with their headers, so that tiny ones are not cheap', () => {
    const { sink, say } = reading()
    say(part(1, 'a'), ...Array.from({ length: 500 }, () => part(0, 'b')), part(0, 'c', true))
    expect(sink.wireBytes).toEqual([1 + 501 * 7])
    expect(sink.idleBytes).toEqual([])
  })

  test('control frames and empty fragments are told as bytes that carry nothing, once for each read', () => {
    const { sink, say } = reading()
    say({ opcode: 9, payload: bytes(125) }, part(1, ''), part(0, ''), { opcode: 10, payload: bytes(0) })
    expect(sink.idleBytes).toEqual([131 + 6 + 6 + 6])
    say(part(0, 'end', true))
    say({ opcode: 9, payload: bytes(0) })
    expect([sink.texts, sink.wireBytes, sink.idleBytes]).toEqual([['end'], [9], [149, 6]])
  })
})

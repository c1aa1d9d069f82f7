import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ws from 'ws'
import { type ClientFrame, clientFrame, closeFrame, cut, deflated } from '../../testing-support/client-frames'
import { RecordingSink } from '../../testing-support/recording-sink'
import { Receiver } from '../../testing-support/ws-receiver'
import { FrameReader } from './frame-reader'

/*
 * The reader of `ws` is asked for its opinion of the same bytes: the same messages, pings and pongs, and the same end.
 */

const MAX = 300

interface Opinion {
  readonly messages: readonly { readonly data: string; readonly isBinary: boolean }[]
  readonly pings: readonly string[]
  readonly pongs: number
  readonly end: { readonly code: number; readonly reason: string | null } | null
}

function ours(chunks: Iterable<Buffer>, isCompressed: boolean): Opinion {
  const sink = new RecordingSink()
  const reader = new FrameReader({ maxMessageBytes: MAX, isCompressed }, sink)
  for (const chunk of chunks) reader.push(chunk)
  const { messages, pings, pongs, end } = sink
  return {
    messages: messages.map(({ data, isBinary }) => ({ data: data.toString('hex'), isBinary })),
    pings,
    pongs,
    // What a violation is called is ours to say.
    end: end && { code: end.code, reason: end.how === 'close' ? end.reason : null },
  }
}

async function theirs(chunks: Iterable<Buffer>, isCompressed: boolean): Promise<Opinion> {
  const receiver = new Receiver(ws, { isServer: true, isCompressed, maxPayload: MAX })
  await receiver.read(...chunks)
  receiver.close()
  const { messages, pings, pongs, end } = receiver
  return {
    messages: messages.map(({ data, isBinary }) => ({ data: data.toString('hex'), isBinary })),
    pings,
    pongs,
    end,
  }
}

const anyBytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))
const utf8 = fc.string({ maxLength: 60, unit: 'binary' }).map((text) => Buffer.from(text))
/** Often text, as texts are what most of them are; sometimes past the limit. */
const payload = fc.oneof(
  { weight: 4, arbitrary: utf8 },
  { weight: 2, arbitrary: anyBytes(130) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: MAX - 2, max: MAX + 2 }).map((length) => Buffer.alloc(length, 'x')),
  },
)
const isMostly = (value: boolean) => fc.oneof({ weight: 30, arbitrary: fc.constant(value) }, fc.boolean())

const control: fc.Arbitrary<ClientFrame> = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: anyBytes(125),
})

/** A message in one frame or more, with control frames between them, compressed where that was agreed on. */
const message = (isCompressed: boolean): fc.Arbitrary<ClientFrame[]> =>
  fc
    .record({
      opcode: fc.constantFrom(1, 1, 2),
      payload,
      isCompressed: isCompressed ? fc.boolean() : fc.constant(false),
      cuts: fc.array(fc.nat(200), { maxLength: 4 }),
      between: fc.array(control, { maxLength: 3 }),
    })
    .map(({ opcode, payload, isCompressed, cuts, between }) => {
      const body = isCompressed ? deflated(payload) : payload
      // One that does not inflate within the limit is in one frame: `ws` inflates each fragment as it comes and says so
      // at once, and here it is said of the whole.
      const isFine = payload.length <= MAX && body.length <= MAX && (opcode === 2 || isUtf8(payload))
      const bounds =
        isFine || !isCompressed ? [...cuts].map((at) => Math.min(at, body.length)).sort((a, b) => a - b) : []
      const starts = [0, ...bounds]
      return starts.flatMap((start, i): ClientFrame[] => {
        const frame = {
          opcode: i === 0 ? opcode : 0,
          payload: body.subarray(start, starts[i + 1] ?? body.length),
          isFinal: i === starts.length - 1,
          isCompressed: isCompressed && i === 0,
        }
        const gap = between[i]
        return gap && i < starts.length - 1 ? [frame, gap] : [frame]
      })
    })

const isUtf8 = (bytes: Buffer) => Buffer.from(bytes.toString()).equals(bytes)

/** What may be wrong in many ways. Of compression it says nothing: that is the garbage below. */
const anyFrame: fc.Arbitrary<ClientFrame> = fc
  .record({
    opcode: fc.nat(15),
    payload: anyBytes(130),
    isFinal: isMostly(true),
    isMasked: isMostly(true),
    reserved: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.constantFrom(0x10, 0x20, 0x30)),
    lengthBits: fc.constantFrom(undefined, undefined, 16 as const, 64 as const),
  })
  .map(({ lengthBits, ...frame }) => (lengthBits ? { ...frame, lengthBits } : frame))

const close = fc.oneof(
  fc.record({ opcode: fc.constant(8), payload: fc.oneof(anyBytes(3), fc.constant(Buffer.alloc(0))) }),
  fc
    .record({ code: fc.oneof(fc.integer({ min: 990, max: 1020 }), fc.nat(6000)), reason: anyBytes(10) })
    .map(({ code, reason }) => closeFrame(code, reason)),
  fc.integer({ min: 1000, max: 1014 }).map((code) => closeFrame(code, 'grün')),
)

/** A compressed message whose bytes were never deflated. */
const garbage: fc.Arbitrary<ClientFrame> = anyBytes(40).map((payload) => ({
  opcode: 1,
  payload,
  isCompressed: true,
}))

const frames = (isCompressed: boolean): fc.Arbitrary<ClientFrame[]> =>
  fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: message(isCompressed) },
        { weight: 6, arbitrary: control.map((frame) => [frame]) },
        { weight: 2, arbitrary: anyFrame.map((frame) => [frame]) },
        { weight: 2, arbitrary: close.map((frame) => [frame]) },
        { weight: 1, arbitrary: garbage.map((frame) => [frame]) },
      ),
      { minLength: 1, maxLength: 10 },
    )
    .map((messages) => messages.flat())

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 8,
})

async function expectAgreement(
  bytes: Buffer,
  pieces: readonly number[],
  isCompressed: boolean,
): Promise<void> {
  const [mine, whole, other] = [
    ours(cut(bytes, pieces), isCompressed),
    ours([Buffer.from(bytes)], isCompressed),
    await theirs(cut(bytes, pieces), isCompressed),
  ]
  expect(mine).toEqual(other)
  // And how the socket cuts it is of no consequence.
  expect(whole).toEqual(mine)
}

describe('the reader agrees with the one of ws', () => {
  test.each([false, true])(
    'on frames, valid and broken (compression agreed on: %s)',
    async (isCompressed) => {
      await fc.assert(
        fc.asyncProperty(frames(isCompressed), sizes, async (all, pieces) => {
          await expectAgreement(Buffer.concat(all.map(clientFrame)), pieces, isCompressed)
        }),
        { numRuns: 1500 },
      )
    },
    60_000,
  )

  test('on frames of which one byte was changed and the end is missing', async () => {
    const change = fc.record({ at: fc.nat(5000), to: fc.nat(255), length: fc.nat(5000) })
    await fc.assert(
      fc.asyncProperty(frames(false), sizes, change, async (all, pieces, { at, to, length }) => {
        const bytes = Buffer.concat(all.map(clientFrame))
        bytes[at % bytes.length] = to
        await expectAgreement(bytes.subarray(0, 1 + (length % bytes.length)), pieces, false)
      }),
      { numRuns: 1500 },
    )
  }, 60_000)
})

import { isUtf8 } from 'node:buffer'
import { FrameReader } from '../../../packages/server/src/io/websocket/frame-reader'
import {
  clientFrame,
  closeFrame,
  cut,
  deflated,
} from '../../../packages/server/src/testing-support/client-frames'
import { RecordingSink } from '../../../packages/server/src/testing-support/recording-sink'
import type { Chance } from './chance'
import { clientText, PLAIN_VOCABULARY } from './client-grammar'
import { mutateBytes } from './mutate'
import type { Target } from './target'

/*
 * The server's own reader of WebSocket frames: whatever bytes come, however they are cut.
 */

const MAX_BYTES = 5000

export const READER_TARGET: Target = {
  name: 'websocket-frames',
  make: (chance) => {
    const bytes = Buffer.concat(Array.from({ length: 1 + chance.below(6) }, () => anyFrames(chance)))
    return chance.weighted<() => Buffer>([
      [6, () => bytes],
      [5, () => mutateBytes(chance, bytes)],
      [1, () => chance.bytes(chance.length())],
    ])()
  },
  judge(input) {
    const bytes = Buffer.from(input)
    for (const isCompressed of [true, false]) {
      const [whole, cutUp] = [
        read(bytes, [bytes.length], isCompressed),
        read(bytes, [1, 2, 7, 1, 300], isCompressed),
      ]
      const long = whole.messages.find(({ data }) => data.length > MAX_BYTES)
      if (long) return `a message of ${long.data.length} bytes, where ${MAX_BYTES} are allowed`
      if (whole.messages.some(({ data, isBinary }) => !isBinary && !isUtf8(data)))
        return 'a text that is not UTF-8'
      if (summary(whole) !== summary(cutUp)) return `whole: ${summary(whole)}, in pieces: ${summary(cutUp)}`
    }
    return null
  },
}

function read(bytes: Buffer, sizes: readonly number[], isCompressed: boolean): RecordingSink {
  const sink = new RecordingSink()
  const reader = new FrameReader({ maxMessageBytes: MAX_BYTES, isCompressed }, sink)
  for (const chunk of cut(bytes, sizes)) reader.push(chunk)
  return sink
}

function summary({ messages, pings, pongs, end }: RecordingSink): string {
  const said = messages.map(({ data, isBinary }) => `${isBinary ? 'b' : 't'}${data.toString('base64')}`)
  return JSON.stringify([said, pings, pongs, end])
}

/** A message, a control frame or something that none is, as bytes of the wire. */
export function anyFrames(chance: Chance): Buffer {
  return chance.weighted<() => Buffer>([
    [6, () => message(chance)],
    [2, () => clientFrame({ opcode: chance.pick([9, 10]), payload: chance.bytes(chance.below(126)) })],
    [2, () => fragments(chance)],
    [1, () => compressed(chance)],
    [1, () => brokenFrame(chance)],
    [
      1,
      () =>
        clientFrame(
          closeFrame(chance.pick([1000, 1001, 1005, 1006, 999, 4999, 65_535]), chance.bytes(chance.below(9))),
        ),
    ],
  ])()
}

function message(chance: Chance): Buffer {
  const payload = Buffer.from(clientText(chance, 'rollcall', PLAIN_VOCABULARY))
  return clientFrame({ opcode: chance.pick([1, 1, 2]), payload })
}

function fragments(chance: Chance): Buffer {
  const payload = Buffer.from(clientText(chance, 'rollcall', PLAIN_VOCABULARY))
  const size = 1 + chance.below(payload.length)
  const parts = [...cut(payload, [size])]
  return Buffer.concat(
    parts.flatMap((part, i) => [
      clientFrame({ opcode: i === 0 ? 1 : 0, payload: part, isFinal: i === parts.length - 1 }),
      ...(chance.oneIn(4) ? [clientFrame({ opcode: 0, payload: Buffer.alloc(0), isFinal: false })] : []),
    ]),
  )
}

function compressed(chance: Chance): Buffer {
  const payload = chance.weighted<() => Buffer>([
    [3, () => deflated(Buffer.from(clientText(chance, 'rollcall', PLAIN_VOCABULARY)))],
    [1, () => deflated(Buffer.alloc(chance.pick([4999, 5001, 200_000]), 'a'))],
    [1, () => chance.bytes(chance.length())],
  ])()
  return clientFrame({ opcode: 1, payload, isCompressed: true })
}

function brokenFrame(chance: Chance): Buffer {
  return clientFrame({
    opcode: chance.below(16),
    payload: chance.bytes(chance.length()),
    isFinal: !chance.oneIn(4),
    isMasked: !chance.oneIn(4),
    isCompressed: chance.oneIn(4),
    reserved: chance.pick([0, 0, 0x10, 0x20, 0x30]),
    ...(chance.oneIn(2) ? { lengthBits: chance.pick([16, 64] as const) } : {}),
  })
}

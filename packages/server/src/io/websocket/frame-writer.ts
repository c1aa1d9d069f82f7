/** What a WebSocket frame carries (RFC 6455, 5.2). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

/** Most bytes that the payload of a close, ping or pong may have (RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125

const FIN = 0x80
const COMPRESSED = 0x40
/** A length of up to 125 stands in the second byte itself; these two say where else it is. */
const LENGTH_IN_16_BITS = 126
const LENGTH_IN_64_BITS = 127

/** Bytes that a server's frame has before a payload of this length. A server masks nothing (RFC 6455, 5.1). */
export function headerBytes(payloadBytes: number): number {
  if (payloadBytes < LENGTH_IN_16_BITS) return 2
  return payloadBytes < 65_536 ? 4 : 10
}

/** Writes the header of a whole message at `offset`; returns where its payload belongs. */
export function writeHeader(
  target: Buffer,
  offset: number,
  opcode: Opcode,
  payloadBytes: number,
  isCompressed = false,
): number {
  target[offset] = FIN | (isCompressed ? COMPRESSED : 0) | opcode
  if (payloadBytes < LENGTH_IN_16_BITS) {
    target[offset + 1] = payloadBytes
    return offset + 2
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = LENGTH_IN_16_BITS
    target[offset + 2] = payloadBytes >>> 8
    target[offset + 3] = payloadBytes & 0xff
    return offset + 4
  }
  target[offset + 1] = LENGTH_IN_64_BITS
  target.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), offset + 2)
  return target.writeUInt32BE(payloadBytes >>> 0, offset + 6)
}

/** A whole frame of a control message or of bytes that are there already. */
export function encodeFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  frame.set(payload, writeHeader(frame, 0, opcode, payload.length))
  return frame
}

/** A close frame; of a reason that is too long the beginning, cut between two characters. */
export function encodeClose(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(MAX_CONTROL_BYTES)
  payload.writeUInt16BE(code, 0)
  const reasonBytes = new TextEncoder().encodeInto(reason, payload.subarray(2)).written
  return encodeFrame(OPCODE.close, payload.subarray(0, 2 + reasonBytes))
}

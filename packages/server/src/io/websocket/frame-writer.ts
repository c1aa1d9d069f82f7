/** Opcodes of WebSocket frames (RFC 6455, 5.2). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

/** Most payload bytes of a close, ping or pong (RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125

const FIN = 0x80
const COMPRESSED = 0x40
/** A length up to 125 is the second byte itself; these two values announce a longer field. */
const LENGTH_IN_16_BITS = 126
const LENGTH_IN_64_BITS = 127

/** Header size of an unmasked frame. A server never masks (RFC 6455, 5.1). */
export function headerBytes(payloadBytes: number): number {
  if (payloadBytes < LENGTH_IN_16_BITS) return 2
  return payloadBytes < 65_536 ? 4 : 10
}

/** Writes the header of an unfragmented message at `offset`. Returns the offset of its payload. */
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

/** Encodes one unfragmented frame. */
export function encodeFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  frame.set(payload, writeHeader(frame, 0, opcode, payload.length))
  return frame
}

/** Encodes a close frame. A reason that is too long is cut between two characters. */
export function encodeClose(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(MAX_CONTROL_BYTES)
  payload.writeUInt16BE(code, 0)
  const reasonBytes = new TextEncoder().encodeInto(reason, payload.subarray(2)).written
  return encodeFrame(OPCODE.close, payload.subarray(0, 2 + reasonBytes))
}

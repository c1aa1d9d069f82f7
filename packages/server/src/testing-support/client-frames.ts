import { constants, deflateRawSync } from 'node:zlib'

/** A client's frame, valid or not. */
export interface ClientFrame {
  readonly opcode: number
  readonly payload: Uint8Array
  /** @default true */
  readonly isFinal?: boolean
  /** Sets RSV1; the payload is not compressed by it. @default false */
  readonly isCompressed?: boolean
  /** The bits RSV2 and RSV3 of the first byte. @default 0 */
  readonly reserved?: number
  /** @default true */
  readonly isMasked?: boolean
  /** Writes the length in more bytes than it needs: 16 or 64 bits. */
  readonly lengthBits?: 16 | 64
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** The bytes of a frame, masked as RFC 6455, 5.2 requires of a client. */
export function clientFrame(frame: ClientFrame): Buffer {
  const { opcode, payload, isFinal = true, isCompressed = false, reserved = 0, isMasked = true } = frame
  const bits = frame.lengthBits ?? (payload.length < 126 ? 7 : payload.length < 65_536 ? 16 : 64)
  const head = Buffer.alloc(2 + (bits === 16 ? 2 : bits === 64 ? 8 : 0))
  head[0] = (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | reserved | opcode
  head[1] = (isMasked ? 0x80 : 0) | (bits === 7 ? payload.length : bits === 16 ? 126 : 127)
  if (bits === 16) head.writeUInt16BE(payload.length, 2)
  if (bits === 64) head.writeBigUInt64BE(BigInt(payload.length), 2)
  if (!isMasked) return Buffer.concat([head, payload])
  const masked = Buffer.from(payload.map((byte, i) => byte ^ (MASK[i & 3] as number)))
  return Buffer.concat([head, MASK, masked])
}

export const text = (body: string): ClientFrame => ({ opcode: 1, payload: Buffer.from(body) })

/** A client's close frame. */
export function closeFrame(code: number, reason: string | Uint8Array = ''): ClientFrame {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return { opcode: 8, payload: Buffer.concat([head, Buffer.from(reason)]) }
}

/** A message as a client compresses it. */
export function deflated(payload: Uint8Array): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
}

/** Splits bytes into pieces of these sizes, in a cycle. */
export function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length)
    // A copy, as each chunk of a socket has its own memory.
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

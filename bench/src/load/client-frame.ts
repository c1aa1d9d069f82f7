/** A text frame of a client. The mask is zero, which the protocol allows: so nothing has to be masked. */
export const textFrame = (text: string): Buffer => clientFrame(0x1, Buffer.from(text))

/** A close frame of a client. */
export function closeFrame(code: number): Buffer {
  const body = Buffer.alloc(2)
  body.writeUInt16BE(code)
  return clientFrame(0x8, body)
}

export function clientFrame(opcode: number, body: Buffer): Buffer {
  const lengthBytes = body.length < 126 ? 0 : body.length < 0x10000 ? 2 : 8
  const frame = Buffer.alloc(2 + lengthBytes + 4 + body.length)
  frame[0] = 0x80 | opcode
  if (lengthBytes === 0) frame[1] = 0x80 | body.length
  else if (lengthBytes === 2) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(body.length, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeBigUInt64BE(BigInt(body.length), 2)
  }
  body.copy(frame, 2 + lengthBytes + 4)
  return frame
}

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/*
 * permessage-deflate (RFC 7692) without context takeover on either side: every message stands for itself, so that no
 * connection has a window of its own, and what goes to many is deflated once.
 */

/** What a message compressed on its own ends with, and what is left out on the wire (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** Compresses a message. `level` is zlib's, 1 to 9. */
export function deflateMessage(payload: Uint8Array, level: number): Buffer {
  const deflated = deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH })
  return deflated.subarray(0, -TAIL.length)
}

/** The message again, or null where it would have more than `maxBytes`. Throws where it is not deflated. */
export function inflateMessage(payload: Uint8Array, maxBytes: number): Buffer | null {
  try {
    return inflateRawSync(Buffer.concat([payload, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxBytes,
    })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/*
 * permessage-deflate (RFC 7692) without context takeover on either side. Each message is compressed on its own, so no
 * connection needs a window, and a fan-out is compressed once.
 */

/** The end of every compressed message, which the wire omits (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** Compresses a message. `level` is zlib's, 1 to 9. */
export function deflateMessage(payload: Uint8Array, level: number): Buffer {
  const deflated = deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH })
  return deflated.subarray(0, -TAIL.length)
}

/** Returns the inflated message, or null if it exceeds `maxBytes`. Throws if the payload is not deflated. */
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

/** Offers that are read. The server declines those after them: a client offers one or two. */
const MAX_OFFERS = 16
/** Parts of an offer that are read: its name and more parameters than can all be different. */
const MAX_PARTS = 8

/** Values of `client_max_window_bits` that zlib supports. */
const WINDOW_BITS = new Set(['8', '9', '10', '11', '12', '13', '14', '15'])

/**
 * Returns the acceptable offers of permessage-deflate in a `Sec-WebSocket-Extensions` header, or undefined. A server
 * declines other offers, but does not refuse the client for them (RFC 7692, 5.1).
 *
 * The header is split instead of matched by a pattern, because a pattern that searches for the end of a name would take
 * quadratic time on a run of spaces. (S-43)
 */
export function deflateOffers(header: string | undefined): string | undefined {
  const offers = (header ?? '').split(',', MAX_OFFERS).filter((offer) => {
    const [name = '', ...parameters] = offer.split(';', MAX_PARTS).map((part) => part.trim())
    if (name.toLowerCase() !== 'permessage-deflate') return false
    const names = parameters.map(parameterName)
    return parameters.every(isSupported) && new Set(names).size === names.length
  })
  return offers.length > 0 ? offers.join(',').trim() : undefined
}

function parameterName(parameter: string): string {
  const end = parameter.indexOf('=')
  return (end < 0 ? parameter : parameter.slice(0, end)).trim().toLowerCase()
}

/** Whether the server can honour a parameter. It cannot shrink its own window. */
function isSupported(parameter: string): boolean {
  const equals = parameter.indexOf('=')
  const name = parameterName(parameter)
  if (name === 'client_max_window_bits')
    return equals < 0 || WINDOW_BITS.has(unquoted(parameter.slice(equals + 1)))
  return equals < 0 && (name === 'server_no_context_takeover' || name === 'client_no_context_takeover')
}

function unquoted(value: string): string {
  const text = value.trim()
  return text.length > 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

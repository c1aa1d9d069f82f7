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

/** Window sizes that zlib can keep to, in bits, as a client may write them. */
const WINDOW_BITS = new Set(['8', '9', '10', '11', '12', '13', '14', '15'])

/**
 * Of a client's `Sec-WebSocket-Extensions` the offers of permessage-deflate that can be taken; undefined where there
 * are none. An offer that cannot be is to be declined (RFC 7692, 5.1): it is no reason to refuse the client.
 *
 * The header is split, not matched: a pattern that searches for the end of a name reads a run of spaces again from each
 * of them. (S-43)
 */
export function deflateOffers(header: string | undefined): string | undefined {
  const offers = (header ?? '').split(',').filter((offer) => {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim())
    if (name.toLowerCase() !== 'permessage-deflate') return false
    const names = parameters.map(parameterName)
    return parameters.every(isKept) && new Set(names).size === names.length
  })
  return offers.length > 0 ? offers.join(',').trim() : undefined
}

function parameterName(parameter: string): string {
  const end = parameter.indexOf('=')
  return (end < 0 ? parameter : parameter.slice(0, end)).trim().toLowerCase()
}

/** Whether we can keep to a parameter: to all but a window of ours that is smaller than zlib's own. */
function isKept(parameter: string): boolean {
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

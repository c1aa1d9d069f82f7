import type { IncomingMessage } from 'node:http'
import type { HandshakeRefusal } from './wire'

/** Bytes of a target and headers that count as one request of an address. */
const BYTES_PER_REQUEST = 1024
/** Query parameters of a long poll or a handshake. */
export const MAX_PARAMS = 64

/**
 * Returns for how many requests this one counts: one more for each KiB of its target and headers. Otherwise a client could
 * make each of its requests as expensive as `http.maxHeaderBytes` allows. (S-107)
 */
export function requestCost({ url = '', rawHeaders }: Pick<IncomingMessage, 'url' | 'rawHeaders'>): number {
  let bytes = url.length
  for (const text of rawHeaders) bytes += text.length
  return 1 + Math.floor(bytes / BYTES_PER_REQUEST)
}

/** Refuses a request with more than {@link MAX_PARAMS} query parameters, without parsing them; returns null otherwise. (S-107) */
export function tooManyParams({ url = '' }: Pick<IncomingMessage, 'url'>): HandshakeRefusal | null {
  let count = 1
  for (let at = url.indexOf('&'); at !== -1 && count <= MAX_PARAMS; at = url.indexOf('&', at + 1)) count++
  if (count <= MAX_PARAMS) return null
  return {
    status: 400,
    reason: 'too_many_params',
    message: `The request has more than ${MAX_PARAMS} query parameters.`,
  }
}

import type { IncomingMessage } from 'node:http'
import type { HandshakeRefusal } from './wire'

/** An HTTP server, as far as it drops headers: Node does so past `maxHeadersCount`, in some versions, without a word. */
export interface HeaderDropping {
  readonly maxHeadersCount: number | null
}

/**
 * The refusal of a request that has more than `maxHeaders`, or of which headers may have been dropped; null where there
 * are all. What a proxy adds comes last: with enough headers of its own, a client would have it dropped. (S-45)
 */
export function tooManyHeaders(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  maxHeaders: number,
  server: HeaderDropping | null = null,
): HandshakeRefusal | null {
  const most = Math.min(maxHeaders, droppedFrom(server) - 1)
  // Names and values by turns.
  const count = rawHeaders.length / 2
  if (count <= most) return null
  return {
    status: 431,
    reason: 'too_many_headers',
    message: `The request has more than ${most} headers (server option http.maxHeaders).`,
  }
}

/**
 * The count at which a server of that setting may have dropped some; 0 is no bound. Where nothing is set, Node 20 drops
 * headers from the 1000th on, though its page says 2000.
 */
function droppedFrom(server: HeaderDropping | null): number {
  const max = server === null ? 0 : (server.maxHeadersCount ?? 1000)
  return max > 0 ? max : Number.POSITIVE_INFINITY
}

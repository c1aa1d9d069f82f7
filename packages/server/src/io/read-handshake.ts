import type { IncomingMessage } from 'node:http'
import type { HandshakeRequest } from './wire'

/**
 * What of a request tells who is connecting and what they speak; null where its target is no URL. `addressOf` tells where
 * it comes from.
 */
export function readHandshake(
  request: IncomingMessage,
  addressOf: (request: IncomingMessage) => string,
): HandshakeRequest | null {
  const url = targetOf(request)
  if (!url) return null
  const { headers } = request
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return {
    path: url.pathname,
    params: new Map(url.searchParams),
    headers,
    // A token that came as a subprotocol is none: it must not be named in an answer.
    subprotocols: offered.filter((name) => name !== '' && !name.startsWith(TOKEN_SUBPROTOCOL)),
    token: tokenOf(request, offered),
    remoteAddress: addressOf(request),
  }
}

/** The request's target. Only its path and query are of use; one such as `//` or `http://[` is no URL. */
export function targetOf({ url = '/' }: IncomingMessage): URL | null {
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : null
}

/** How Phoenix's client sends its `authToken` with a WebSocket, for which a browser lets it set no header. */
const TOKEN_SUBPROTOCOL = 'base64url.bearer.phx.'
/** How it sends it with a long poll. */
const TOKEN_HEADER = 'x-phoenix-authtoken'

function tokenOf({ headers }: IncomingMessage, offered: readonly string[]): string | null {
  const [, bearer] = /^Bearer +(.+)$/i.exec(headers.authorization ?? '') ?? []
  if (bearer !== undefined) return bearer
  const header = headers[TOKEN_HEADER]
  if (typeof header === 'string') return header
  const encoded = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
  if (encoded === undefined) return null
  // The client writes a byte for each character (`btoa`), and Node reads a header's bytes the same way.
  return Buffer.from(encoded.slice(TOKEN_SUBPROTOCOL.length), 'base64').toString('latin1')
}

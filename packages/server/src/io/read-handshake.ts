import type { IncomingMessage } from 'node:http'
import type { HandshakeRefusal, HandshakeRequest } from './wire'

/**
 * What of a request tells who is connecting and what they speak; null where its target is no URL. `addressOf` tells where
 * it comes from.
 */
export function readHandshake(
  request: IncomingMessage,
  addressOf: (request: IncomingMessage) => string,
): HandshakeRequest | null {
  const target = targetOf(request)
  if (!target) return null
  const { headers } = request
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return {
    path: target.path,
    params: new Map(target.searchParams),
    headers,
    // A token that came as a subprotocol is none: it must not be named in an answer.
    subprotocols: offered.filter((name) => name !== '' && !name.startsWith(TOKEN_SUBPROTOCOL)),
    token: tokenOf(request, offered),
    remoteAddress: addressOf(request),
  }
}

/** What a request asks for: its target without the host. */
export interface Target {
  readonly path: string
  readonly searchParams: URLSearchParams
}

/**
 * Reads a request's target: a path and query, or a whole address (RFC 9112, 3.2.2). Null for anything else. A host in it
 * is skipped, never parsed: to decode an international name (`xn--…`) takes time with the square of its length. (S-43)
 */
export function targetOf({ url = '/' }: IncomingMessage): Target | null {
  const path = url.startsWith('/') ? url : withoutHost(url)
  if (path === null) return null
  const { pathname, searchParams } = new URL(`http://localhost${path}`)
  return { path: pathname, searchParams }
}

/** `/path?query` of `http://host/path?query`; null where there is no such address. */
function withoutHost(url: string): string | null {
  const scheme = ['http://', 'https://'].find((each) => url.slice(0, each.length).toLowerCase() === each)
  if (scheme === undefined) return null
  const end = indexOfAny(url, '/?#', scheme.length)
  if (end === scheme.length) return null
  return url[end] === '/' ? url.slice(end) : `/${url.slice(end)}`
}

/** Index of the first of some characters, from `start` on; the text's length where there is none. */
function indexOfAny(text: string, characters: string, start: number): number {
  let at = start
  while (at < text.length && !characters.includes(text[at] as string)) at++
  return at
}

/** How Phoenix's client sends its `authToken` with a WebSocket, for which a browser lets it set no header. */
const TOKEN_SUBPROTOCOL = 'base64url.bearer.phx.'
/** How it sends it with a long poll. */
const TOKEN_HEADER = 'x-phoenix-authtoken'

function tokenOf({ headers }: IncomingMessage, offered: readonly string[]): string | null {
  const bearer = bearerOf(headers.authorization ?? '')
  if (bearer !== '') return bearer
  const header = headers[TOKEN_HEADER]
  if (typeof header === 'string') return header
  const encoded = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
  if (encoded === undefined) return null
  // The client writes a byte for each character (`btoa`), and Node reads a header's bytes the same way.
  return Buffer.from(encoded.slice(TOKEN_SUBPROTOCOL.length), 'base64').toString('latin1')
}

/** The token of `Bearer <token>`; empty where there is none. */
function bearerOf(authorization: string): string {
  const end = authorization.indexOf(' ')
  return end > 0 && authorization.slice(0, end).toLowerCase() === 'bearer'
    ? authorization.slice(end).trim()
    : ''
}

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

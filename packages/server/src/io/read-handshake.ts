import type { IncomingMessage } from 'node:http'
import type { HandshakeRefusal, HandshakeRequest } from './wire'

/** Reads the handshakes of one HTTP server. */
export class HandshakeReader {
  /** Returns the client's address. */
  readonly addressOf: (request: IncomingMessage) => string
  readonly #maxHeaders: number
  readonly #server: HeaderDropping | null

  /** @param server - an HTTP server that may drop headers beyond its `maxHeadersCount` */
  constructor(
    addressOf: (request: IncomingMessage) => string,
    maxHeaders: number,
    server: HeaderDropping | null = null,
  ) {
    this.addressOf = addressOf
    this.#maxHeaders = maxHeaders
    this.#server = server
  }

  /** Refuses a request with too many headers; returns null otherwise. */
  headersRefusal(request: IncomingMessage): HandshakeRefusal | null {
    return tooManyHeaders(request, this.#maxHeaders, this.#server)
  }

  /** Reads a handshake. Returns null if the request target is not a URL. */
  read(request: IncomingMessage): HandshakeRequest | null {
    return readHandshake(request, this.addressOf)
  }
}

/**
 * Reads a handshake from an HTTP request. Returns null if the request target is not a URL. `addressOf` returns the client's
 * address.
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
    // A token sent as a subprotocol is removed, so that no response ever selects it.
    subprotocols: offered.filter((name) => name !== '' && !name.startsWith(TOKEN_SUBPROTOCOL)),
    token: tokenOf(request, offered),
    remoteAddress: addressOf(request),
  }
}

/** A request target without its host. */
export interface Target {
  readonly path: string
  readonly searchParams: URLSearchParams
}

/**
 * Reads a request target: a path and query, or a whole URL (RFC 9112, 3.2.2). Returns null for anything else. A host is
 * skipped, not parsed: decoding an international name (`xn--…`) takes quadratic time. (S-43)
 */
export function targetOf({ url = '/' }: IncomingMessage): Target | null {
  const path = url.startsWith('/') ? url : withoutHost(url)
  if (path === null) return null
  const end = indexOfAny(path, '?#', 0)
  return new LazyTarget(new URL(`http://localhost${path.slice(0, end)}`).pathname, path.slice(end))
}

/** Most requests are for a path that has no use for a query, which may consist of thousands of parameters. (S-107) */
class LazyTarget implements Target {
  readonly path: string
  readonly #query: string

  constructor(path: string, query: string) {
    this.path = path
    this.#query = query
  }

  get searchParams(): URLSearchParams {
    return new URL(`http://localhost/${this.#query}`).searchParams
  }
}

/** Returns `/path?query` of `http://host/path?query`, or null for another form. */
function withoutHost(url: string): string | null {
  const scheme = ['http://', 'https://'].find((each) => url.slice(0, each.length).toLowerCase() === each)
  if (scheme === undefined) return null
  const end = indexOfAny(url, '/?#', scheme.length)
  if (end === scheme.length) return null
  return url[end] === '/' ? url.slice(end) : `/${url.slice(end)}`
}

/** Index of the first of these characters from `start` on, or the text's length. */
function indexOfAny(text: string, characters: string, start: number): number {
  let at = start
  while (at < text.length && !characters.includes(text[at] as string)) at++
  return at
}

/** Phoenix's client sends its `authToken` as this subprotocol, because a browser cannot set a WebSocket's headers. */
const TOKEN_SUBPROTOCOL = 'base64url.bearer.phx.'
/** Phoenix's client sends its `authToken` in this header of a long poll. */
const TOKEN_HEADER = 'x-phoenix-authtoken'

function tokenOf({ headers }: IncomingMessage, offered: readonly string[]): string | null {
  const bearer = bearerOf(headers.authorization ?? '')
  if (bearer !== '') return bearer
  const header = headers[TOKEN_HEADER]
  if (typeof header === 'string') return header
  const encoded = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
  if (encoded === undefined) return null
  // `btoa` encodes one byte per character, and latin1 decodes it the same way.
  return Buffer.from(encoded.slice(TOKEN_SUBPROTOCOL.length), 'base64').toString('latin1')
}

/** Returns the token of `Bearer <token>`, or an empty string. */
function bearerOf(authorization: string): string {
  const end = authorization.indexOf(' ')
  return end > 0 && authorization.slice(0, end).toLowerCase() === 'bearer'
    ? authorization.slice(end).trim()
    : ''
}

/** An HTTP server. Some versions of Node silently drop headers beyond its `maxHeadersCount`. */
export interface HeaderDropping {
  readonly maxHeadersCount: number | null
}

/**
 * Refuses a request that has more than `maxHeaders`, or whose last headers Node may have dropped; returns null otherwise. A
 * proxy's headers come last, so a client could send enough headers to have them dropped. (S-45)
 */
export function tooManyHeaders(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  maxHeaders: number,
  server: HeaderDropping | null = null,
): HandshakeRefusal | null {
  const most = Math.min(maxHeaders, droppedFrom(server) - 1)
  // `rawHeaders` alternates names and values.
  const count = rawHeaders.length / 2
  if (count <= most) return null
  return {
    status: 431,
    reason: 'too_many_headers',
    message: `The request has more than ${most} headers (server option http.maxHeaders).`,
  }
}

/**
 * The number of headers from which on this server may have dropped some; a setting of 0 means no limit. Without a setting,
 * Node 20 drops headers from the 1000th on, although its documentation says 2000.
 */
function droppedFrom(server: HeaderDropping | null): number {
  const max = server === null ? 0 : (server.maxHeadersCount ?? 1000)
  return max > 0 ? max : Number.POSITIVE_INFINITY
}

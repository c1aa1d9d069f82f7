import type { RefreshMessage } from '@rollcall/shared-protocol'
import type { HandshakeRequest } from '../io/wire'

/** What of a handshake new credentials are looked at with, in little: it is kept for each of very many connections. */
export interface HandshakeCopy {
  readonly path: string
  readonly remoteAddress: string
  /** Name and value by turns. */
  readonly headers: readonly (string | readonly string[])[]
}

/** What proved something then and is not to win over what is brought now, and what only opened the connection. */
const DROPPED = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-phoenix-authtoken',
  'connection',
  'upgrade',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
])

/** Where nobody looks at it. */
export const NO_COPY: HandshakeCopy = { path: '', remoteAddress: '', headers: [] }

export function copyHandshake({ path, remoteAddress, headers }: HandshakeRequest): HandshakeCopy {
  const kept: (string | readonly string[])[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !DROPPED.has(name)) kept.push(name, value)
  }
  // Made at its length: an array that grew keeps room for more.
  return { path, remoteAddress, headers: kept.slice() }
}

/** The handshake that a client would make with what it brings now. */
export function handshakeWith(
  { path, remoteAddress, headers }: HandshakeCopy,
  { params, token }: RefreshMessage,
): HandshakeRequest {
  const entries: [string, string | readonly string[]][] = []
  for (let i = 0; i < headers.length; i += 2) entries.push([headers[i] as string, headers[i + 1] ?? ''])
  // From entries, so that a header with the name of a prototype is one. (S-10)
  const all = Object.fromEntries(entries)
  return { path, remoteAddress, params, token: token ?? null, headers: all, subprotocols: [] }
}

/** Connect params in a row, name and value by turns. A Map takes several times as much for each of very many sessions. */
export type PackedParams = readonly string[]

const NONE: PackedParams = []

export function packParams(params: ReadonlyMap<string, string>): PackedParams {
  if (params.size === 0) return NONE
  // Made at its length: an array that grows keeps room for more.
  const packed = new Array<string>(params.size * 2)
  let at = 0
  for (const [name, value] of params) {
    packed[at++] = name
    packed[at++] = value
  }
  return packed
}

export function unpackParams(packed: PackedParams): Map<string, string> {
  const params = new Map<string, string>()
  for (let i = 0; i < packed.length; i += 2) params.set(packed[i] as string, packed[i + 1] as string)
  return params
}

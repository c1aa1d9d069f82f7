import type { RefreshMessage } from '@rollcall/shared-protocol'
import type { HandshakeRequest } from '../io/wire'

/** What of a handshake new credentials are looked at with, in little: it is kept for each of very many connections. */
export interface KeptHandshake {
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
export const NOTHING_KEPT: KeptHandshake = { path: '', remoteAddress: '', headers: [] }

export function keepHandshake({ path, remoteAddress, headers }: HandshakeRequest): KeptHandshake {
  const kept: (string | readonly string[])[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !DROPPED.has(name)) kept.push(name, value)
  }
  // Made at its length: an array that grew keeps room for more.
  return { path, remoteAddress, headers: kept.slice() }
}

/** The handshake that a client would make with what it brings now. */
export function renewedHandshake(
  { path, remoteAddress, headers }: KeptHandshake,
  { params, token }: RefreshMessage,
): HandshakeRequest {
  const entries: [string, string | readonly string[]][] = []
  for (let i = 0; i < headers.length; i += 2) entries.push([headers[i] as string, headers[i + 1] ?? ''])
  // From entries, so that a header with the name of a prototype is one. (S-10)
  const all = Object.fromEntries(entries)
  return { path, remoteAddress, params, token: token ?? null, headers: all, subprotocols: [] }
}

import type { RefreshMessage } from '@rollcall/shared-protocol'
import type { HandshakeRequest } from '../io/wire'

/** The part of a handshake that a credential refresh needs. It is small, because each connection keeps one. */
export interface HandshakeCopy {
  readonly path: string
  readonly remoteAddress: string
  /** Alternating names and values. */
  readonly headers: readonly (string | readonly string[])[]
}

/** Headers that are not copied: old credentials, which must not override new ones, and those of the WebSocket handshake. */
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

/** The copy when no `authenticate` will read it. */
export const NO_COPY: HandshakeCopy = { path: '', remoteAddress: '', headers: [] }

export function copyHandshake({ path, remoteAddress, headers }: HandshakeRequest): HandshakeCopy {
  const copied: (string | readonly string[])[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !DROPPED.has(name)) copied.push(name, value)
  }
  // `slice` allocates the exact length; an array that grew has spare capacity.
  return { path, remoteAddress, headers: copied.slice() }
}

/** Returns the handshake with new credentials. */
export function handshakeWith(
  { path, remoteAddress, headers }: HandshakeCopy,
  { params, token }: RefreshMessage,
): HandshakeRequest {
  const entries: [string, string | readonly string[]][] = []
  for (let i = 0; i < headers.length; i += 2) entries.push([headers[i] as string, headers[i + 1] ?? ''])
  // `fromEntries` makes an own property even of a header called `__proto__`. (S-10)
  const all = Object.fromEntries(entries)
  return { path, remoteAddress, params, token: token ?? null, headers: all, subprotocols: [] }
}

/** Connect params as alternating names and values. A Map would take several times the memory for each session. */
export type PackedParams = readonly string[]

const NONE: PackedParams = []

export function packParams(params: ReadonlyMap<string, string>): PackedParams {
  if (params.size === 0) return NONE
  // Allocated at its exact length; an array that grows has spare capacity.
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

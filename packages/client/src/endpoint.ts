import type { ClientDialect } from '@rollcall/shared-protocol'
import { invalidArgument } from './errors'

/** What of a dialect shows in an address. */
export type AddressedDialect = Pick<ClientDialect, 'pathSuffix' | 'params'>

/**
 * The address to connect to. `ws:`, `wss:`, `http:` and `https:` are taken, and in a page also an address relative
 * to it, such as `/socket`. Throws `invalid_argument` for everything else.
 */
export function resolveEndpoint(address: string | URL, dialect?: AddressedDialect): URL {
  const url = parse(address)
  if (url.protocol === 'http:') url.protocol = 'ws:'
  if (url.protocol === 'https:') url.protocol = 'wss:'
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw invalidArgument(`The address "${address}" must begin with ws://, wss://, http:// or https://.`)
  }
  // A WebSocket refuses an address with a fragment, which would mean nothing to a server anyway.
  url.hash = ''
  if (dialect === undefined) return url
  const path = withoutSlashesAtEnd(url.pathname)
  if (!path.endsWith(dialect.pathSuffix)) url.pathname = path + dialect.pathSuffix
  for (const [name, value] of Object.entries(dialect.params)) url.searchParams.set(name, value)
  return url
}

/** The address with the params in its query. Those that the address has of its own stay, unless named again. */
export function addressWith(endpoint: URL, params: ReadonlyMap<string, string>): URL {
  const url = new URL(endpoint)
  for (const [name, value] of params) url.searchParams.set(name, value)
  return url
}

/** By a loop: a pattern for it, `/\/+$/`, takes time with the square of a run of slashes. (C-37) */
function withoutSlashesAtEnd(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

function parse(address: string | URL): URL {
  const page = typeof location === 'undefined' ? undefined : location.href
  try {
    return new URL(address, page)
  } catch (cause) {
    throw invalidArgument(
      `The address "${address}" is not a URL; give one such as ws://localhost:9090/socket.`,
      cause,
    )
  }
}

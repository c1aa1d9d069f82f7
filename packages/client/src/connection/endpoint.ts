import type { ClientDialect } from '@rollcall/shared-protocol'
import { invalidArgument } from '../errors'

/** The parts of a dialect that an address shows. */
type AddressedDialect = Pick<ClientDialect, 'pathSuffix' | 'params'>

type Query = readonly (readonly [name: string, value: string])[]

/**
 * An address to connect to. It is text, because React Native's `URL` has no setters, appends a slash, and lacks most
 * of `URLSearchParams`. (C-40)
 */
export interface Endpoint {
  /** `ws:` or `wss:`, the host and the path. */
  readonly base: string
  readonly query: Query
}

/**
 * Parses an address with `ws:`, `wss:`, `http:` or `https:`, and in a page also one that is relative to it, such as
 * `/socket`. Throws `invalid_argument` for everything else.
 */
export function resolveEndpoint(address: string | URL, dialect?: AddressedDialect): Endpoint {
  if (typeof address !== 'string' && typeof address?.href !== 'string') {
    throw invalidArgument(`The address must be a string or a URL, not ${String(address)}.`)
  }
  const absolute = absoluteOf(String(address).trim())
  const scheme = /^(?:http|ws)(s?):\/\//i.exec(absolute)
  if (scheme === null) {
    throw invalidArgument(`The address "${address}" must begin with ws://, wss://, http:// or https://.`)
  }
  // A WebSocket refuses an address with a fragment.
  const [rest = ''] = absolute.slice(scheme[0].length).split('#')
  const [place = '', ...queries] = rest.split('?')
  const base = `ws${scheme[1] ?? ''}://`.toLowerCase() + place
  const query = readQuery(queries.join('?'))
  if (dialect === undefined) return { base, query }
  return { base: withSuffix(base, dialect.pathSuffix), query: merge(query, Object.entries(dialect.params)) }
}

/** Adds the params to the query of the address. A param replaces one of the same name. */
export function addressWith({ base, query }: Endpoint, params: ReadonlyMap<string, string>): string {
  const pairs = merge(query, [...params]).map((pair) => pair.map(encodeURIComponent).join('='))
  return pairs.length === 0 ? base : `${base}?${pairs.join('&')}`
}

/** The params as a server reads them from {@link addressWith}. */
export function paramsWith({ query }: Endpoint, params: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(merge(query, [...params]))
}

/** The address without query and user, which may hold a secret. For messages and for the name in the storage. */
export function publicAddress({ base }: Endpoint): string {
  return base.replace(/^(wss?:\/\/)[^/]*@/, '$1')
}

function absoluteOf(address: string): string {
  const page = typeof location === 'undefined' ? undefined : location.href
  try {
    const { href } = new URL(address, page)
    // Only a relative address needs the text of the URL.
    return /^[a-z]+:/i.test(address) ? address : href
  } catch (cause) {
    throw invalidArgument(
      `The address "${address}" is not a URL; give one such as ws://localhost:9090/socket.`,
      cause,
    )
  }
}

function withSuffix(base: string, suffix: string): string {
  const path = suffix === '' ? base : withoutSlashesAtEnd(base)
  return path.endsWith(suffix) ? path : path + suffix
}

/** A loop, because the pattern `/\/+$/` takes quadratic time on a run of slashes. (C-37) */
function withoutSlashesAtEnd(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

function merge(query: Query, others: Query): Query {
  const names = new Set(others.map(([name]) => name))
  return [...query.filter(([name]) => !names.has(name)), ...others]
}

function readQuery(text: string): Query {
  const pairs = text.split('&').filter((pair) => pair !== '')
  return pairs.map((pair) => {
    const [name = '', ...values] = pair.split('=')
    return [decode(name), decode(values.join('='))]
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

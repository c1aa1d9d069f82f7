import type { ConnectionOptions } from 'node:tls'

/** Address of a Redis server, a Sentinel or a server of a Cluster. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

interface RedisCredentials {
  readonly username?: string
  readonly password?: string
  /**
   * TLS options for Redis, as Node's `tls.connect` takes them: `ca` for your own authority, `cert` and `key` for a client
   * certificate, `servername`. Use `{}` for TLS with the authorities that Node trusts.
   */
  readonly tls?: ConnectionOptions
}

/** A single Redis server. */
export interface RedisAlone extends RedisCredentials {
  /** `redis://…`, or `rediss://…` for TLS. The options `username` and `password` replace those in the URL. */
  readonly url: string
}

/** A primary that Sentinel finds. */
export interface RedisSentinels extends RedisCredentials {
  readonly sentinels: readonly RedisAddress[]
  /** The primary's name in Sentinel. */
  readonly name: string
  readonly db?: number
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
  /** TLS options for the Sentinels themselves. Without it the connection to them is plain text, even if `tls` is set. */
  readonly sentinelTls?: ConnectionOptions
}

/** A Redis Cluster. */
export interface RedisCluster extends RedisCredentials {
  /** Some of its servers. The client finds the others. */
  readonly cluster: readonly RedisAddress[]
}

/** The URL of a single server, or an object for a server with more options, for Sentinel or for a Cluster. */
export type RedisConnection = string | RedisAlone | RedisSentinels | RedisCluster

/** The address without username and password, for messages and logs. */
export function safeAddress(connection: RedisConnection): string {
  const url = urlOf(connection)
  if (url !== null) {
    const parts = readRedisUrl(url)
    if (typeof parts === 'string') return 'an invalid address'
    const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host
    return `${host}:${parts.port}`
  }
  const some =
    'sentinels' in (connection as object)
      ? (connection as RedisSentinels).sentinels
      : (connection as RedisCluster).cluster
  return some.map(({ host, port }) => `${host}:${port}`).join(', ')
}

/** The number of the database that holds the keys. A Cluster has only 0. */
export function databaseOf(connection: RedisConnection): number {
  const url = urlOf(connection)
  if (url === null)
    return 'sentinels' in (connection as object) ? ((connection as RedisSentinels).db ?? 0) : 0
  const parts = readRedisUrl(url)
  return typeof parts === 'string' ? 0 : parts.db
}

function urlOf(connection: RedisConnection): string | null {
  if (typeof connection === 'string') return connection
  return 'url' in connection ? connection.url : null
}

const FORMS = 'use a URL (redis:// or rediss://), {url}, {sentinels, name} or {cluster}'
const CREDENTIALS = ['username', 'password', 'tls']
const NAMES = {
  url: ['url', ...CREDENTIALS],
  sentinels: [
    'sentinels',
    'name',
    'db',
    'sentinelUsername',
    'sentinelPassword',
    'sentinelTls',
    ...CREDENTIALS,
  ],
  cluster: ['cluster', ...CREDENTIALS],
} as const

/** The problem with a connection option; null if it is valid. Never quotes a URL, a username or a password. */
export function problemOfConnection(connection: unknown): string | null {
  if (typeof connection === 'string') return problemOfUrl(connection, undefined)
  if (typeof connection !== 'object' || connection === null) return `connection is missing; ${FORMS}.`
  const given = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined))
  const forms = (['url', 'sentinels', 'cluster'] as const).filter((form) => form in given)
  const [form] = forms
  if (form === undefined || forms.length > 1) {
    const what = form === undefined ? 'names no server' : `has both ${forms.join(' and ')}`
    return `connection ${what}; ${FORMS}.`
  }
  const known: readonly string[] = NAMES[form]
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined)
    return `connection has the unknown option ${JSON.stringify(unknown)}; with ${form}, use ${known.join(', ')}.`
  for (const name of ['tls', 'sentinelTls'] as const) {
    const value = given[name]
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)))
      return `connection.${name} is ${JSON.stringify(value)}; use an object of TLS options, or {} for the defaults.`
  }
  for (const name of ['username', 'password', 'sentinelUsername', 'sentinelPassword'] as const) {
    if (given[name] !== undefined && (typeof given[name] !== 'string' || given[name] === ''))
      return `connection.${name} is ${given[name] === '' ? 'empty' : `a ${typeof given[name]}`}; use a non-empty string, or leave it out.`
  }
  if (form === 'url') return problemOfUrl(given.url, given.tls)
  const { db, name } = given
  if (form === 'sentinels' && (typeof name !== 'string' || name === ''))
    return `connection has no name of the primary for Sentinel; ${FORMS}.`
  if (db !== undefined && !(Number.isInteger(db) && (db as number) >= 0))
    return `connection.db is ${JSON.stringify(db)}; use a whole number from 0.`
  return problemOfAddresses(form, given[form])
}

function problemOfUrl(url: unknown, tls: unknown): string | null {
  if (typeof url !== 'string') return `connection.url is a ${typeof url}; ${FORMS}.`
  const parts = readRedisUrl(url)
  if (typeof parts === 'string') return `connection ${parts}; ${FORMS}.`
  if (tls !== undefined && !parts.isTls)
    return 'connection has TLS options, but its URL begins with redis://, which is plain text; use rediss://.'
  return null
}

function problemOfAddresses(form: string, addresses: unknown): string | null {
  if (!Array.isArray(addresses) || addresses.length === 0)
    return `connection.${form} names no server; ${FORMS}.`
  for (const address of addresses) {
    const { host, port, ...more } = Object(address) as Record<string, unknown>
    const [unknown] = Object.keys(more)
    if (unknown !== undefined)
      return `connection.${form} has an address with the unknown option ${JSON.stringify(unknown)}; use host and port.`
    if (
      typeof host !== 'string' ||
      host === '' ||
      !(Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536)
    )
      return `connection.${form} has ${JSON.stringify({ host, port })}; use {host, port} with a host name and a port number.`
  }
  return null
}

export interface RedisUrlParts {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** 4 or 6 for IPv4 or IPv6 addresses only; 0 for both. */
  readonly family: number | undefined
}

const DEFAULT_PORT = 6379

/**
 * Reads `redis://user:password@host:port/db`, or the same with `rediss:` for TLS. Returns the problem as text if the URL is
 * invalid, without quoting it: it may hold a password.
 */
export function readRedisUrl(text: string): RedisUrlParts | string {
  if (text.trim() === '') return 'is empty'
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return 'is not a Redis URL'
  const url = new URL(text)
  if (url.hostname === '') return 'names no host'
  const db = readNumber(url.searchParams.get('db') ?? url.pathname.slice(1))
  if (db === null) return 'names a database that is not a number'
  const family = readNumber(url.searchParams.get('family') ?? '')
  if (family !== 0 && family !== 4 && family !== 6) return 'has a family other than 0, 4 or 6'
  for (const name of url.searchParams.keys()) {
    if (name !== 'db' && name !== 'family')
      return `has the unknown parameter ${JSON.stringify(name)} (pass TLS options as {url, tls})`
  }
  const username = decode(url.username)
  const password = decode(url.password)
  if (username === null || password === null)
    return 'has a stray % in its username or password (write it as %25)'
  return {
    // The URL has an IPv6 address in brackets.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    isTls: url.protocol === 'rediss:',
    db,
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    family: url.searchParams.has('family') ? family : undefined,
  }
}

function readNumber(text: string): number | null {
  if (text === '') return 0
  return text.length <= 9 && /^\d+$/.test(text) ? Number(text) : null
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

import type { ConnectionOptions } from 'node:tls'

/** Where a server of Redis, of Sentinel or of a Cluster listens. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

interface RedisCredentials {
  readonly username?: string
  readonly password?: string
  /** `{}` for TLS as it is by default. */
  readonly tls?: ConnectionOptions
}

/** A primary that Sentinel finds. */
export interface RedisSentinels extends RedisCredentials {
  readonly sentinels: readonly RedisAddress[]
  /** Sentinel's name of the primary. */
  readonly name: string
  readonly db?: number
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
}

/** A Cluster, by some of its servers. */
export interface RedisCluster extends RedisCredentials {
  readonly cluster: readonly RedisAddress[]
}

/** A URL (`redis://…`, or `rediss://…` for TLS) of a server that stands alone, or how to find another. */
export type RedisConnection = string | RedisSentinels | RedisCluster

/** Where it is, without what opens it: for messages and logs. */
export function safeAddress(connection: RedisConnection): string {
  if (typeof connection === 'string') {
    try {
      return new URL(connection).host
    } catch {
      return 'an address that cannot be read'
    }
  }
  const some = 'sentinels' in connection ? connection.sentinels : connection.cluster
  return some.map(({ host, port }) => `${host}:${port}`).join(', ')
}

import { createConnection, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { AbstractConnector, Cluster, Redis, type RedisOptions, SentinelConnector } from 'ioredis'
import { ignoreErrors } from '../../io/late-errors'
import type { RedisConnection } from './redis-connection'
import { readRedisUrl } from './redis-connection'

/** One connection to a server, or the connections to all servers of a Cluster. */
export type IoredisClient = Redis | Cluster

/**
 * Creates a client that is not connected yet and never reconnects by itself. After a failure, call `disconnect`, which
 * closes its sockets at once, and create another.
 *
 * @param connectTimeoutMs milliseconds to connect
 */
export function createIoredis(connection: RedisConnection, connectTimeoutMs: number): IoredisClient {
  const each = {
    protocol: 2 as const,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    Connector: QuietConnector as unknown as Connector,
  }
  const alone = { ...each, enableOfflineQueue: false, retryStrategy: () => null }
  if (typeof connection === 'string') return new Redis({ ...alone, ...aloneOptions(connection) })
  if ('url' in connection) {
    const { url, ...rest } = connection
    return new Redis({ ...alone, ...aloneOptions(url), ...rest })
  }
  if ('sentinels' in connection) {
    const { sentinels, sentinelTls, ...rest } = connection
    return new Redis({
      ...alone,
      ...rest,
      sentinels: [...sentinels],
      sentinelRetryStrategy: () => null,
      // Without it ioredis would ignore `tls` behind Sentinel and use plain text.
      enableTLSForSentinelMode: rest.tls !== undefined,
      ...(sentinelTls === undefined ? {} : { sentinelTLS: sentinelTls }),
      Connector: QuietSentinelConnector as unknown as Connector,
    })
  }
  const { cluster, ...rest } = connection
  const client = new Cluster([...cluster], {
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    clusterRetryStrategy: () => null,
    redisOptions: { ...each, ...rest },
  })
  withoutPlainSubscriber(client)
  return client
}

function aloneOptions(url: string) {
  const parts = readRedisUrl(url)
  if (typeof parts === 'string') throw new Error(`connection ${parts}`)
  const { host, port, db, isTls, username, password, family } = parts
  return {
    ...{ host, port, db },
    ...(isTls ? { tls: {} } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(family === undefined ? {} : { family }),
  }
}

/** Keeps a Cluster's client from opening a connection for unsharded channels, which the store does not use. */
function withoutPlainSubscriber(client: Cluster): void {
  const { subscriber } = client as unknown as { subscriber: { start(): void } }
  subscriber.start = () => {}
}

type Connector = NonNullable<RedisOptions['Connector']>

interface ConnectorOptions {
  readonly host?: string
  readonly port?: number
  readonly family?: number
  readonly tls?: ConnectionOptions
  readonly disconnectTimeout: number
}

/**
 * Opens the socket of a connection. ioredis listens only for the first error of a socket, so a second one, such as a TLS
 * peer's alert after we have hung up, would end the process.
 */
class QuietConnector extends AbstractConnector {
  readonly #options: ConnectorOptions

  constructor(options: ConnectorOptions) {
    super(options.disconnectTimeout)
    this.#options = options
  }

  async connect(): Promise<Socket> {
    this.connecting = true
    const { host, port, family, tls } = this.#options
    const where = { host, port: port ?? 6379, ...(family === undefined ? {} : { family }) }
    const stream = tls ? connectTls({ ...where, ...tls }) : createConnection(where)
    this.stream = stream
    stream.once('error', (error) => {
      this.firstError = error
    })
    return ignoreErrors(stream)
  }

  override disconnect(): void {
    this.connecting = false
    this.stream?.destroy()
  }
}

class QuietSentinelConnector extends SentinelConnector {
  constructor(options: ConstructorParameters<typeof SentinelConnector>[0]) {
    super(options)
    const { connectToSentinel } = this as unknown as SentinelInternals
    const connectQuietly: SentinelInternals['connectToSentinel'] = (endpoint, more) =>
      connectToSentinel.call(this, endpoint, { ...more, Connector: QuietConnector })
    Object.assign(this, { connectToSentinel: connectQuietly })
  }

  override async connect(emit: Parameters<SentinelConnector['connect']>[0]) {
    return ignoreErrors(await super.connect(emit))
  }

  override disconnect(): void {
    super.disconnect()
    this.stream?.destroy()
  }
}

/** A private method of ioredis' Sentinel connector. */
interface SentinelInternals {
  connectToSentinel(this: unknown, endpoint: unknown, options?: object): Redis
}

import type { Server as HttpServer } from 'node:http'
import type { Limits, Topic } from '@rollcall/shared-protocol'
import type { AdmissionOptions } from './admission/admission-options'
import type { TrustProxy } from './admission/client-address'
import type { AllowedOrigins } from './admission/origins'
import type { ChannelDefinition } from './channel/channel-definition'
import type { HeartbeatOptions } from './connection/heartbeat'
import type { OutboxOptions } from './connection/outbox'
import type { HttpOptions } from './http/http-server'
import type { LongPollOptions } from './http/longpoll'
import type { Authenticate } from './identity/identity'
import type { Clock } from './io/clock'
import type { CompressionOptions } from './io/packet'
import type { RandomSource } from './io/random'
import type { Logger } from './log'
import type { FlushOptions } from './presence/flush-machine'
import type { HistoryOptions } from './presence/history'
import type { RatesOptions } from './rate-limit/rates'
import type { GraceOptions } from './session/sessions'
import type { Store } from './store/store'

/** The options of `createServer`. All defaults are suitable for production. */
export interface ServerOptions {
  /** Port to listen on; 0 for any free one. Not allowed with `server`. @default 9090 */
  readonly port?: number
  /** Address to listen on. Not allowed with `server`. @default '127.0.0.1' */
  readonly host?: string
  /** Your own HTTP server to attach to, instead of listening. Its other requests and upgrades stay yours. */
  readonly server?: HttpServer
  /** The channels that clients can join. @default one that accepts every topic */
  readonly channels?: readonly ChannelDefinition[]
  /** Identifies the user of a connection. Without it all clients are guests, and production mode also needs `allowAnonymous`. */
  readonly authenticate?: Authenticate
  /** Accepts guests in production mode. @default false */
  readonly allowAnonymous?: boolean
  /**
   * In `development` mode, clients choose their own user ids: the connect param `user_id`, and the names of Vix clients.
   * @default 'development' on a loopback address where NODE_ENV is development, test or unset, else 'production'
   */
  readonly mode?: 'development' | 'production'
  /**
   * Origins whose pages may connect: origins such as `'https://app.example.com'`, `'https://*.example.com'` for all
   * subdomains, `'*'` for all origins; or a function. Programs send no origin and may always connect.
   * @default any in development; in production the origin of the same host
   */
  readonly allowedOrigins?: AllowedOrigins
  /**
   * Proxies whose `X-Forwarded-For` the server believes: addresses and networks, `'loopback'`, `'linklocal'`,
   * `'uniquelocal'`; or a function. @default none
   */
  readonly trustProxy?: TrustProxy
  /** Limits on connections and handshakes. */
  readonly admission?: Partial<AdmissionOptions>
  /** Limits on the size of what clients send. @default DEFAULT_LIMITS */
  readonly limits?: Partial<Limits>
  /** Limits on how fast clients may send. `false` removes a limit. */
  readonly rates?: Partial<RatesOptions>
  readonly heartbeat?: Partial<HeartbeatOptions>
  /** How long a session waits for a client that has lost its connection. */
  readonly grace?: Partial<GraceOptions>
  readonly flush?: Partial<FlushOptions>
  /** How much history of its topics the server keeps. */
  readonly history?: Partial<HistoryOptions>
  /**
   * The authority for presences and their order. Servers with the same store form one presence system, and a session can
   * resume on any of them. @default a MemoryStore of its own
   */
  readonly store?: Store
  /** Presence changes that may wait for an unreachable store. @default 10000 */
  readonly maxQueuedChanges?: number
  /** Timeout for finding a session of another node in the store, in milliseconds. @default 2000 */
  readonly resumeTimeoutMs?: number
  /**
   * Timeout for loading a topic's state from the store for a join, in milliseconds. After it, the join fails with
   * `store_unavailable`, and the client retries. @default 5000
   */
  readonly storeTimeoutMs?: number
  /** @default pino, warnings and errors to standard error */
  readonly logger?: Logger
  /** Timeout of a join or a handler, in milliseconds. @default 10000 */
  readonly handlerTimeoutMs?: number
  /** Messages of one channel that may wait for an earlier one. @default 64 */
  readonly maxWaitingMessages?: number
  /** Timeout of `authenticate`, in milliseconds. @default 10000 */
  readonly authenticateTimeoutMs?: number
  /** Limits on bytes that wait for a slow client. */
  readonly outbox?: Partial<OutboxOptions>
  /** Compression of large messages (permessage-deflate) for clients that support it; `false` switches it off. */
  readonly compression?: Partial<CompressionOptions> | false
  /** Time in which a peer must answer a close, in milliseconds. @default 2000 */
  readonly closeTimeoutMs?: number
  /** Phoenix's long poll, for clients without WebSocket. */
  readonly longPoll?: Partial<LongPollOptions>
  /** Limits of the HTTP server. With `server`, most of them do not apply. */
  readonly http?: Partial<HttpOptions>
  /** Topic of clients whose dialect names none (Vix), unless their query has `topic`. @default 'room:lobby' */
  readonly implicitTopic?: Topic
  /** A folder of static files that the server sends to browsers at `/`. */
  readonly page?: string
  /** Bytes of the page's files, which stay in memory. A larger folder is refused. @default 67108864 */
  readonly maxPageBytes?: number
  /**
   * The `Content-Security-Policy` of the page. `null` sends none.
   * @default the page's own files, connections to its own host, and no frames
   */
  readonly contentSecurityPolicy?: string | null
  /** For tests. @default systemClock */
  readonly clock?: Clock
  /** For tests. @default systemRandom */
  readonly random?: RandomSource
}

export interface ResolvedServerOptions
  extends Required<
    Omit<
      ServerOptions,
      'server' | 'authenticate' | 'mode' | 'store' | 'page' | 'compression' | 'allowedOrigins' | 'trustProxy'
    >
  > {
  readonly server: HttpServer | null
  readonly authenticate: Authenticate | null
  readonly mode: 'development' | 'production' | null
  readonly store: Store | null
  readonly page: string | null
  readonly allowedOrigins: AllowedOrigins | null
  readonly trustProxy: TrustProxy | null
  readonly admission: AdmissionOptions
  readonly rates: RatesOptions
  readonly http: HttpOptions
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly grace: GraceOptions
  readonly flush: FlushOptions
  readonly history: HistoryOptions
  readonly longPoll: LongPollOptions
  readonly outbox: OutboxOptions
  readonly compression: CompressionOptions | null
}

import type { Meta, Topic } from '@rollcall/shared-protocol'
import { checkJoinPayload } from './arguments'
import { Channel, type JoinPayload } from './channel/channel'
import { Channels } from './channel/channels'
import { ClientConnection } from './connection/client-connection'
import type { CloseInfo, ConnectionState, Identity } from './connection/connection-state'
import { resolveEndpoint } from './connection/endpoint'
import { invalidArgument, type RollcallError } from './errors'
import { ChangeListeners, Listeners } from './listeners'
import { CLIENT_DIALECTS, resolveSocketOptions, type SocketOptions } from './options'

export type { CloseInfo, Identity } from './connection/connection-state'
export type { SocketOptions } from './options'

/**
 * - `idle`: `connect` has not been called
 * - `connecting`: until the server has accepted the connection
 * - `open`
 * - `waiting`: tries again at `retryAt`, or when the network is back or the page continues
 * - `closed`: by {@link Socket.disconnect}, or for good by the server; see `error`
 */
export type SocketStatus = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed'

/** The connection at one moment. Immutable; the same object until something changes. */
export interface ConnectionSnapshot {
  readonly status: SocketStatus
  /** Attempts since the connection was last open, the current one included; 0 while open. */
  readonly attempt: number
  /** Time of the next attempt, in epoch milliseconds; null unless waiting, and while the page is suspended. */
  readonly retryAt: number | null
  /** Whether the environment reports a network. */
  readonly isOnline: boolean
  /** The end of the latest connection; null before the first end, and after `connect`. */
  readonly lastClose: CloseInfo | null
  /** The reason why it is not open; null while it is open, before `connect` and after `disconnect`. */
  readonly error: RollcallError | null
  readonly identity: Identity | null
}

export interface SocketEvents {
  /** The server accepted the connection. */
  open: (snapshot: ConnectionSnapshot) => void
  /** An open connection ended. */
  close: (close: CloseInfo) => void
  status: (status: SocketStatus, snapshot: ConnectionSnapshot) => void
  /**
   * One side did not understand a frame of the other, or a renewal of the credentials failed and will be retried. The
   * connection continues.
   */
  fault: (error: RollcallError) => void
}

/**
 * A lasting connection to a server: connects, reconnects, and holds the channels. It does nothing before
 * {@link connect} and after {@link disconnect}.
 *
 * Throws a {@link RollcallError} `invalid_argument` for an unusable address or option.
 *
 * @example
 * ```ts
 * import { Socket } from '@rollcall/client'
 *
 * const socket = new Socket('wss://example.com/socket', {
 *   params: async () => ({ token: await (await fetch('/token')).text() }),
 * })
 * socket.on('status', (status) => console.log(status))
 * socket.connect()
 * const channel = socket.channel('room:lobby', { meta: { name: 'Ada' } })
 * await channel.join()
 * console.log(channel.presence.size)
 * await socket.disconnect()
 * ```
 */
export class Socket {
  readonly #connection: ClientConnection
  readonly #channels = new Channels()
  readonly #events = new Listeners<SocketEvents>()
  readonly #changes = new ChangeListeners()
  #snapshot: ConnectionSnapshot

  /** @param address - `ws://`, `wss://`, `http://` or `https://`; in a page also relative to it, such as `/socket`. */
  constructor(address: string | URL, options: SocketOptions = {}) {
    const resolved = resolveSocketOptions(options)
    const dialect = CLIENT_DIALECTS[resolved.dialect]
    this.#connection = new ClientConnection(resolved, dialect, resolveEndpoint(address, dialect), {
      connected: () => {
        for (const channel of this.#channels.all()) channel.connected()
      },
      lost: (isFinal) => {
        for (const channel of this.#channels.all()) channel.lost(isFinal)
      },
      received: (frame) => this.#channels.get(frame.topic)?.receive(frame),
      faulted: (error) => this.#events.emit('fault', error),
      changed: (before, after) => this.#changed(before, after),
    })
    this.#snapshot = snapshotOf(this.#connection.state)
  }

  get status(): SocketStatus {
    return statusOf(this.#connection.state)
  }

  /** This client as the server identified it; null before the first connection. Stays while the connection is lost. */
  get identity(): Identity | null {
    return this.getSnapshot().identity
  }

  get sessionId(): string | null {
    return this.#connection.state.session?.id ?? null
  }

  /** The channels that have not left. */
  get channels(): readonly Channel[] {
    return this.#channels.all().map(({ channel }) => channel as Channel)
  }

  getSnapshot(): ConnectionSnapshot {
    const next = snapshotOf(this.#connection.state)
    if (!isSame(next, this.#snapshot)) this.#snapshot = next
    return this.#snapshot
  }

  /** Calls `listener` when {@link getSnapshot} may return another object. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    return this.#changes.subscribe(listener)
  }

  on<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): this {
    this.#events.on(event, listener)
    return this
  }

  once<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): this {
    this.#events.once(event, listener)
    return this
  }

  /** Removes a listener; without one, all listeners of the event. */
  off<E extends keyof SocketEvents>(event: E, listener?: SocketEvents[E]): this {
    this.#events.off(event, listener)
    return this
  }

  /** Connects, and reconnects until {@link disconnect}. Does nothing if it is connected or connecting. */
  connect(): void {
    this.#connection.dispatch({ kind: 'connect' })
  }

  /**
   * Says goodbye, so that this client's presences leave at once, and closes. Resolves when the connection has ended,
   * after two seconds at the latest. Pending calls reject with a {@link RollcallError} `disconnected`. Channels that were
   * joined join again after the next {@link connect}.
   */
  async disconnect(): Promise<void> {
    this.#connection.dispatch({ kind: 'disconnect' })
    await this.#connection.whenClosed()
  }

  /** Tries now instead of at `retryAt`. Does nothing unless the status is `waiting`. */
  reconnectNow(): void {
    this.#connection.dispatch({ kind: 'reconnectNow' })
  }

  /**
   * Calls `params` and `authToken` again and sends the new credentials over the open connection. Call it when the user's
   * rights have changed. The client renews credentials that expire by itself. The presences stay, also for others.
   *
   * Rejects with a {@link RollcallError}, and then nothing has changed: `params_failed`; `refused` with the server's
   * `reason`, such as `token_expired` or `identity_changed`; `timeout`; `disconnected` without an open connection, as
   * every new one fetches credentials by itself; `unsupported` with the dialect `phoenix`.
   */
  refresh(): Promise<void> {
    return this.#connection.refresh()
  }

  /**
   * The channel of a topic. Every call returns the same one until it has left.
   *
   * @typeParam M - The type of the metas in the topic. The client does not check it.
   * @param payload - The payload of the join, as JSON. A function is called at each join and rejoin. A later call with a
   *   payload replaces it for the next join. @default {}
   *
   * @example
   * ```ts
   * import type { Channel, Socket } from '@rollcall/client'
   *
   * export async function enter(socket: Socket, name: string): Promise<Channel<{ name: string }>> {
   *   const channel = socket.channel<{ name: string }>('room:lobby', { meta: { name } })
   *   await channel.join()
   *   return channel
   * }
   * ```
   */
  channel<M = Meta>(topic: Topic, payload?: JoinPayload): Channel<M> {
    if (typeof topic !== 'string' || topic === '' || topic === this.#connection.dialect.systemTopic) {
      throw invalidArgument(
        `${JSON.stringify(topic)} cannot be an application's topic. Use one such as "room:lobby".`,
      )
    }
    if (payload !== undefined) checkJoinPayload(topic, payload)
    const known = this.#channels.get(topic)
    if (!known) return new Channel<M>(this.#connection, this.#channels, topic, payload ?? {})
    if (payload !== undefined) known.replacePayload(payload)
    return known.channel as Channel<M>
  }

  #changed(before: ConnectionState, after: ConnectionState): void {
    const snapshot = this.getSnapshot()
    const status = statusOf(after)
    if (status !== statusOf(before)) this.#events.emit('status', status, snapshot)
    if (after.name === 'open' && before.name !== 'open') this.#events.emit('open', snapshot)
    if (before.name === 'open' && after.name !== 'open' && after.lastClose)
      this.#events.emit('close', after.lastClose)
    this.#changes.notify()
  }
}

function statusOf({ name }: ConnectionState): SocketStatus {
  return name === 'handshaking' ? 'connecting' : name
}

function snapshotOf(state: ConnectionState): ConnectionSnapshot {
  const { isOnline, lastClose, error, session } = state
  return {
    status: statusOf(state),
    attempt: 'attempt' in state && state.name !== 'open' ? state.attempt : 0,
    retryAt: state.name === 'waiting' ? state.retryAt : null,
    isOnline,
    lastClose,
    error,
    identity: session?.identity ?? null,
  }
}

function isSame(a: ConnectionSnapshot, b: ConnectionSnapshot): boolean {
  return (Object.keys(a) as (keyof ConnectionSnapshot)[]).every((name) => a[name] === b[name])
}

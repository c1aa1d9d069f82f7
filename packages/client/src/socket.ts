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
 * - `idle`: never asked to connect
 * - `connecting`: on the way, until the server has said who we are
 * - `open`
 * - `waiting`: not connected, tries again at `retryAt`, or once the network is back or the page goes on
 * - `closed`: by {@link Socket.disconnect}, or by the server for good; see `error`
 */
export type SocketStatus = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed'

/** The connection at one moment. Immutable; the same object until something changes. */
export interface ConnectionSnapshot {
  readonly status: SocketStatus
  /** Tries since the connection was last open, the current one included; 0 while open. */
  readonly attempt: number
  /** When the next try begins, in epoch milliseconds; null while not waiting, and while the page is suspended. */
  readonly retryAt: number | null
  /** What the environment says of its network. */
  readonly isOnline: boolean
  /** How the latest connection ended; null before the first end, and after `connect`. */
  readonly lastClose: CloseInfo | null
  /** Why it is not open; null while it is, and where it was not asked to be. */
  readonly error: RollcallError | null
  readonly identity: Identity | null
}

export interface SocketEvents {
  /** The server has let us in. */
  open: (snapshot: ConnectionSnapshot) => void
  /** An open connection ended, by whichever side. */
  close: (close: CloseInfo) => void
  status: (status: SocketStatus, snapshot: ConnectionSnapshot) => void
  /**
   * A frame was not understood: one of the server by us, or one of ours by the server; or credentials could not be
   * renewed, which is tried again. The connection goes on.
   */
  fault: (error: RollcallError) => void
}

/**
 * The lasting handle on a server: connects, reconnects, and holds the channels. Nothing happens before
 * {@link connect}, and nothing goes on after {@link disconnect}.
 *
 * Throws a {@link RollcallError} `invalid_argument` for an address or an option that can't have been meant.
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

  /** Who the server believes we are; null before it said so. Kept while the connection is away. */
  get identity(): Identity | null {
    return this.getSnapshot().identity
  }

  get sessionId(): string | null {
    return this.#connection.state.session?.id ?? null
  }

  /** Every channel that has not left. */
  get channels(): readonly Channel[] {
    return this.#channels.all().map(({ channel }) => channel as Channel)
  }

  getSnapshot(): ConnectionSnapshot {
    const next = snapshotOf(this.#connection.state)
    if (!isSame(next, this.#snapshot)) this.#snapshot = next
    return this.#snapshot
  }

  /** Calls `listener` whenever {@link getSnapshot} may return another object. Returns what ends that. */
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

  /** Without a listener: all of the event. */
  off<E extends keyof SocketEvents>(event: E, listener?: SocketEvents[E]): this {
    this.#events.off(event, listener)
    return this
  }

  /** Connects, and stays connected until {@link disconnect}. Does nothing where that is already so. */
  connect(): void {
    this.#connection.dispatch({ kind: 'connect' })
  }

  /**
   * Says goodbye, so that our presences leave at once, and closes. Resolves once the connection has ended, within
   * two seconds. Whoever waits for an answer gets a {@link RollcallError} `disconnected`. Channels that were joined
   * join again if {@link connect} is called again.
   */
  async disconnect(): Promise<void> {
    this.#connection.dispatch({ kind: 'disconnect' })
    await this.#connection.whenClosed()
  }

  /** Tries at once instead of at `retryAt`. Does nothing unless it is waiting. */
  reconnectNow(): void {
    this.#connection.dispatch({ kind: 'reconnectNow' })
  }

  /**
   * Asks `params` and `authToken` anew now, and has the server judge us by them: for a program whose rights have changed.
   * A connection is renewed before its credentials expire by itself, without this. While it is open its presences stay
   * through it, for others too.
   *
   * Rejects with a {@link RollcallError}, and then everything stays as it was: `params_failed`; `refused` with the
   * server's `reason`, such as `token_expired` or `identity_changed`; `timeout`; `disconnected` where there is no open
   * connection, as every new one asks by itself; `unsupported` by a Phoenix server.
   */
  refresh(): Promise<void> {
    return this.#connection.refresh()
  }

  /**
   * The channel of a topic: the same one for every call, until it has left.
   *
   * @typeParam M - What the metas of the topic's presences look like. Taken on trust.
   * @param payload - Goes along with the join, as JSON; a function is called at each join and rejoin. Given again,
   *   it replaces the former one at the next join. @default {}
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
        `${JSON.stringify(topic)} is no topic of an application's; use one such as "room:lobby".`,
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

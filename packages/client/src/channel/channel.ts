import { isReservedEvent, type Meta, type Topic } from '@rollcall/shared-protocol'
import { type JoinPayload, jsonError, objectError, payloadOf } from '../arguments'
import { LONGEST_DELAY_MS } from '../async/backoff'
import { ResettableTimer } from '../async/timer'
import type { ClientConnection } from '../connection/client-connection'
import { invalidArgument, type RollcallError } from '../errors'
import type { Clock } from '../io/clock'
import { Presence } from '../presence/presence'
import type { ChannelState } from './channel-state'
import type { Channels } from './channels'
import { TopicMembership } from './topic-membership'

export type { JoinPayload } from '../arguments'

/**
 * - `idle`: `join` has not been called
 * - `joining`: the server has not replied yet, or cannot be reached yet
 * - `joined`
 * - `away`: the connection is lost or the channel failed; it joins again by itself. See `error`
 * - `leaving`: the server has not confirmed the leave yet
 * - `left`: `leave` was called, or the server ended the channel for the reason in `error`
 * - `refused`: the server refused the join for the reason in `error`; `join` asks again
 */
export type ChannelStatus = 'idle' | 'joining' | 'joined' | 'away' | 'leaving' | 'left' | 'refused'

/** A channel's state at one moment. Immutable; the same object until something changes. */
export interface ChannelSnapshot {
  readonly status: ChannelStatus
  /** The reason why it is not joined, if it is known; null while it is joined. */
  readonly error: RollcallError | null
  /** The server's reply to the latest join; null before. Stays while `away`. */
  readonly response: unknown
}

export interface PushOptions {
  /** Longest wait for the reply, with the time in the queue, in milliseconds. @default the socket's `timeoutMs` */
  readonly timeoutMs?: number | undefined
}

/**
 * One topic: join it, push and receive events, and see who is present. Get it from {@link Socket.channel}, which
 * returns one channel per topic. It rejoins by itself after a lost connection.
 *
 * @typeParam M - The type of the metas in the topic. The client does not check it.
 *
 * @example
 * ```ts
 * import { Socket } from '@rollcall/client'
 *
 * const socket = new Socket('ws://localhost:9090/socket', { params: { user_id: 'ada' } })
 * socket.connect()
 * const channel = socket.channel('room:lobby', { meta: { name: 'Ada' } })
 * channel.on('new_msg', ({ body }: { body: string }) => console.log(body))
 * await channel.join()
 * await channel.push('new_msg', { body: 'hi' })
 * await channel.leave()
 * ```
 */
export class Channel<M = Meta> {
  readonly topic: Topic
  /** The presences in the topic. */
  readonly presence: Presence<M>
  readonly #membership: TopicMembership<M>
  readonly #retention: Retention
  readonly #timeoutMs: number
  #isJoinedByCall = false
  #snapshot: ChannelSnapshot

  /** Made by its socket. */
  constructor(connection: ClientConnection, channels: Channels, topic: Topic, payload: JoinPayload) {
    const { clock, timeoutMs } = connection.options
    this.topic = topic
    this.#timeoutMs = timeoutMs
    this.#membership = new TopicMembership<M>(connection, channels, topic, payload, this)
    this.presence = new Presence<M>(this.#membership.feed, (change) => this.#membership.change(change))
    this.#retention = new Retention(
      clock,
      () => this.#joinIfNeeded(),
      () => this.#leaveUnlessJoinedByCall(),
    )
    this.#snapshot = { status: 'idle', error: null, response: null }
  }

  get status(): ChannelStatus {
    return statusOf(this.#membership.state)
  }

  getSnapshot(): ChannelSnapshot {
    const { state, response } = this.#membership
    const error = 'error' in state ? state.error : null
    const status = statusOf(state)
    const { error: lastError, status: lastStatus, response: lastResponse } = this.#snapshot
    if (status !== lastStatus || error !== lastError || response !== lastResponse) {
      this.#snapshot = { status, error, response }
    }
    return this.#snapshot
  }

  /** Calls `listener` when {@link getSnapshot} may return another object. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    return this.#membership.changes.subscribe(listener)
  }

  /**
   * Joins the topic and stays in it until {@link leave}. The channel retries a join that may succeed later, and joins
   * again after a lost connection. While joining or joined, every call returns the same promise.
   *
   * Resolves with the server's response. Rejects with a {@link RollcallError}: `refused` with the server's `reason`;
   * `timeout` after `timeoutMs`, or `disconnected` if the join failed on the server, and in both cases the channel keeps
   * trying; `left`, `replaced`, `kicked`; `invalid_argument` if the payload is not JSON. You need not await it:
   * {@link getSnapshot} reports the same.
   */
  join<R = unknown>(): Promise<R> {
    this.#isJoinedByCall = true
    return this.#membership.join() as Promise<R>
  }

  /** Leaves the topic, also while joining. Never rejects: without a reply it resolves after `timeoutMs`. */
  leave(): Promise<void> {
    this.#isJoinedByCall = false
    return this.#membership.leave()
  }

  /**
   * Sends an event of the application and resolves with the server's response. Before the join, and while `away`, the
   * push waits in a queue of at most `maxQueuedPushes`, and is sent in order after the join or rejoin.
   *
   * Rejects with a {@link RollcallError}: `push_failed` with the server's `reason` and `response`; `timeout`;
   * `disconnected` if the connection ended before the reply (it is not sent twice); `queue_full`; `left`, `refused`;
   * `invalid_argument` if the event belongs to the protocol or the payload is not JSON.
   *
   * @param event - Any name that does not begin with `phx_` or `presence_`.
   * @param payload - JSON, or bytes: an `ArrayBuffer`, or a view of one. @default {}
   *
   * @example
   * ```ts
   * import type { Channel } from '@rollcall/client'
   *
   * export async function say(channel: Channel, body: string): Promise<number> {
   *   const { id } = await channel.push<{ id: number }>('new_msg', { body }, { timeoutMs: 5_000 })
   *   return id
   * }
   * ```
   */
  push<R = unknown>(event: string, payload: unknown = {}, options: PushOptions = {}): Promise<R> {
    const { topic } = this
    const mistake =
      jsonError(`The payload of "${event}"`, payload) ?? objectError('The options of a push', options)
    if (mistake) return Promise.reject(mistake)
    const unknown = Object.keys(options).find((name) => name !== 'timeoutMs')
    if (unknown !== undefined) {
      return Promise.reject(
        invalidArgument(`A push has no option ${JSON.stringify(unknown)}, only timeoutMs.`),
      )
    }
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    if (typeof event !== 'string' || event === '' || isReservedEvent(event)) {
      const name = JSON.stringify(event)
      return Promise.reject(
        invalidArgument(`The event ${name} is empty or belongs to the protocol. Choose another name.`),
      )
    }
    if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= LONGEST_DELAY_MS)) {
      return Promise.reject(
        invalidArgument(`timeoutMs must be a number above 0, up to ${LONGEST_DELAY_MS}, not ${timeoutMs}.`),
      )
    }
    const pushed = this.#membership.push({
      what: `The push "${event}" to "${topic}"`,
      timeoutMs,
      write: (ref, joinRef) => ({ kind: 'push', topic, ref, joinRef, event, payload: payloadOf(payload) }),
    })
    return pushed as Promise<R>
  }

  /** Adds a listener for an event of the application. The client does not check the payload's type. */
  on<P = unknown>(event: string, listener: (payload: P) => void): this {
    this.#membership.events.on(event, listener)
    return this
  }

  once<P = unknown>(event: string, listener: (payload: P) => void): this {
    this.#membership.events.once(event, listener)
    return this
  }

  /** Removes a listener; without one, all listeners of the event. */
  off<P = unknown>(event: string, listener?: (payload: P) => void): this {
    this.#membership.events.off(event, listener)
    return this
  }

  /**
   * Joins while at least one caller retains the channel: from the first call until one macrotask after the last
   * release. For components that come and go. A channel that {@link join} joined stays until {@link leave}.
   *
   * @returns A function that releases. Further calls of it do nothing.
   *
   * @example
   * ```ts
   * import type { Channel } from '@rollcall/client'
   * import { useEffect } from 'react'
   *
   * export function useMembership(channel: Channel): void {
   *   useEffect(() => channel.retain(), [channel])
   * }
   * ```
   */
  retain(): () => void {
    return this.#retention.retain()
  }

  #joinIfNeeded(): void {
    const { status } = this
    // Not after a refusal: a second component on a page would repeat a join that was just refused.
    const isOut = status === 'idle' || status === 'left' || status === 'leaving'
    if (isOut) this.#membership.join().catch(() => {})
  }

  #leaveUnlessJoinedByCall(): void {
    if (!this.#isJoinedByCall) void this.#membership.leave()
  }
}

const STATUSES = {
  idle: 'idle',
  joining: 'joining',
  joined: 'joined',
  leaving: 'leaving',
  left: 'left',
  refused: 'refused',
} as const satisfies { [N in Exclude<ChannelState['name'], 'waiting'>]: ChannelStatus }

function statusOf(state: ChannelState): ChannelStatus {
  if (state.name === 'waiting') return state.isRejoin ? 'away' : 'joining'
  return STATUSES[state.name]
}

/**
 * Counts callers: starts for the first, and stops one macrotask after the last release. React's StrictMode releases
 * and retains again at once, which must change nothing. (C-13)
 */
class Retention {
  readonly #start: () => void
  readonly #timer: ResettableTimer
  #count = 0

  constructor(clock: Clock, start: () => void, stop: () => void) {
    this.#start = start
    this.#timer = new ResettableTimer(clock, stop)
  }

  /** Returns a function that releases. Further calls of it do nothing. */
  retain(): () => void {
    this.#timer.set(null)
    this.#count += 1
    this.#start()
    let isRetained = true
    return () => {
      if (!isRetained) return
      isRetained = false
      this.#count -= 1
      if (this.#count === 0) this.#timer.set(0)
    }
  }
}

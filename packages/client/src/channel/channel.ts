import { isReservedEvent, type Meta, type Topic } from '@rollcall/shared-protocol'
import { type JoinPayload, jsonError, objectError, payloadOf } from '../arguments'
import { LONGEST_DELAY_MS } from '../async/backoff'
import { ResettableTimer } from '../async/timer'
import type { ClientConnection } from '../connection/client-connection'
import { invalidArgument, type RollcallError } from '../errors'
import type { Clock } from '../io/clock'
import { Presence } from '../presence/presence'
import type { ChannelState } from './channel-machine'
import type { Channels } from './channels'
import { TopicMembership } from './topic-membership'

export type { JoinPayload } from '../arguments'

/**
 * - `idle`: not asked to join yet
 * - `joining`: asked to, the server has not answered yet or can't be reached yet
 * - `joined`
 * - `away`: was joined, the connection is lost or the channel failed; joins again by itself. See `error`
 * - `leaving`: the server has not confirmed the leave yet
 * - `left`: by us, or ended by the server for the reason in the snapshot's `error`
 * - `refused`: the server said no, see `error`; `join` asks again
 */
export type ChannelStatus = 'idle' | 'joining' | 'joined' | 'away' | 'leaving' | 'left' | 'refused'

/** A channel's state at one moment. Immutable; the same object until something changes. */
export interface ChannelSnapshot {
  readonly status: ChannelStatus
  /** Why it is not joined, as far as that is known; null while it is. */
  readonly error: RollcallError | null
  /** What the server answered to the latest join; null before. Kept while away. */
  readonly response: unknown
}

export interface PushOptions {
  /** For the answer, the time in the queue included, in milliseconds. @default the socket's `timeoutMs` */
  readonly timeoutMs?: number | undefined
}

/**
 * Membership of one topic: join, push, listen, and see who is there. Got from {@link Socket.channel}, one for each
 * topic. Rejoins by itself after a lost connection.
 *
 * @typeParam M - What the metas of the topic's presences look like. Taken on trust.
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
  /** Who is in the topic. */
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
      () => this.#joinIfApart(),
      () => this.#leaveUnlessHeld(),
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

  /** Calls `listener` whenever {@link getSnapshot} may return another object. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#membership.changes.subscribe(listener)
  }

  /**
   * Joins the topic, and stays in it until {@link leave}: it is tried again for as long as that may help, and
   * after every lost connection. While joining or joined it returns the same promise.
   *
   * Resolves with the server's response. Rejects with a {@link RollcallError}: `refused` with the server's `reason`;
   * `timeout` after `timeoutMs`, and `disconnected` where the join failed on the server, though the channel goes on trying; `left`, `disconnected`, `replaced`, `kicked`;
   * `invalid_argument` where the payload is not JSON. Need not be awaited: {@link getSnapshot} tells the same.
   */
  join<R = unknown>(): Promise<R> {
    this.#isJoinedByCall = true
    return this.#membership.join() as Promise<R>
  }

  /** Leaves the topic, also while joining. Never rejects: without an answer it counts as left after `timeoutMs`. */
  leave(): Promise<void> {
    this.#isJoinedByCall = false
    return this.#membership.leave()
  }

  /**
   * Sends an event of the application's own and resolves with the server's response. Before the join, and while
   * away, it waits in a queue, bounded by `maxQueuedPushes`, and is sent after the (re)join, in order.
   *
   * Rejects with a {@link RollcallError}: `push_failed` with the server's `reason` and `response`; `timeout`;
   * `disconnected` where the connection ended before the answer (it is not sent twice); `queue_full`; `left`,
   * `refused`; `invalid_argument` where the event belongs to the protocol or the payload is not JSON.
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
        invalidArgument(`There is no option ${JSON.stringify(unknown)} of a push; there is timeoutMs.`),
      )
    }
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    if (typeof event !== 'string' || event === '' || isReservedEvent(event)) {
      const name = JSON.stringify(event)
      return Promise.reject(
        invalidArgument(`The event ${name} is empty or belongs to the protocol; name it otherwise.`),
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

  /** Listens to an event of the application's own. The payload's type is taken on trust. */
  on<P = unknown>(event: string, listener: (payload: P) => void): this {
    this.#membership.events.on(event, listener)
    return this
  }

  once<P = unknown>(event: string, listener: (payload: P) => void): this {
    this.#membership.events.once(event, listener)
    return this
  }

  /** Without a listener: all of the event. */
  off<P = unknown>(event: string, listener?: (payload: P) => void): this {
    this.#membership.events.off(event, listener)
    return this
  }

  /**
   * Joins for as long as somebody holds on: at the first call, until a macrotask after the last one let go. For
   * components that come and go; a channel that was joined by {@link join} stays until {@link leave}.
   *
   * @returns What lets go. Calling it twice is calling it once.
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

  #joinIfApart(): void {
    const { status } = this
    // Not where it was refused: a second component on a page would ask a question that has just been answered.
    const isApart = status === 'idle' || status === 'left' || status === 'leaving'
    if (isApart) this.#membership.join().catch(() => {})
  }

  #leaveUnlessHeld(): void {
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
 * Counts those who need something, starts it for the first and stops it after the last. It stops a macrotask late:
 * whoever lets go and takes hold again at once, as React does with every component in StrictMode, has changed
 * nothing. (C-13)
 */
export class Retention {
  readonly #start: () => void
  readonly #timer: ResettableTimer
  #count = 0

  constructor(clock: Clock, start: () => void, stop: () => void) {
    this.#start = start
    this.#timer = new ResettableTimer(clock, stop)
  }

  /** Returns what lets go; calling that twice is calling it once. */
  retain(): () => void {
    this.#timer.set(null)
    this.#count += 1
    this.#start()
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#count -= 1
      if (this.#count === 0) this.#timer.set(0)
    }
  }
}

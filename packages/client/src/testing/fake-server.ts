import {
  DEFAULT_LIMITS,
  type FullDiff,
  type JsonObject,
  type JsonValue,
  type Key,
  type LeaveReason,
  type Meta,
  type PresenceRef,
  type Topic,
} from '@rollcall/shared-protocol'
import { objectError, throwIfError } from '../arguments'
import { inMicrotask } from '../async/timer'
import type { OpenTransport } from '../io/transport'
import { type FakeAnswer, FakeConnection, type FakeHost } from './fake-connection'
import { type FakeRefresh, FakeRefreshes, type FakeRefusal } from './fake-credentials'
import { checkEvent, checkKey, type FakeServerOptions, resolveFakeServerOptions } from './fake-server-options'
import { FakeTopic } from './fake-topic'
import { flushMicrotasks } from './virtual-clock'

/** A push that reached a fake server. */
export interface FakePush {
  readonly event: string
  readonly payload: JsonValue
  /** The id of the sender. */
  readonly from: Key
}

/** The people in one topic of a fake server, other than its clients. */
export interface FakePresence {
  /** Adds a presence, one more if the key has some already. Returns its ref. */
  join(key: Key, meta?: Meta): PresenceRef
  /** Replaces the meta of one of the key's presences: the newest, or the one with `ref`. */
  update(key: Key, meta: Meta, ref?: PresenceRef): void
  /** Removes all presences of the key, or the one with `ref`. @param reason - @default 'left' */
  leave(key: Key, reason?: LeaveReason, ref?: PresenceRef): void
  /** Sends the next change to nobody: clients find a gap at the change after it. */
  loseNext(): void
}

/**
 * A presence server in memory, for tests of applications. It speaks the native protocol with any number of sockets, over
 * a transport that delivers in the next microtask. It behaves like the default server: a client that joins is present
 * with its identity as the key and the `meta` of the join's payload, and a push goes to all clients in the topic.
 *
 * @example
 * ```ts
 * import { Socket } from '@rollcall/client'
 * import { createFakeServer } from '@rollcall/client/testing'
 *
 * const server = createFakeServer()
 * const socket = new Socket('ws://test/socket', { transport: server.transport, params: { user_id: 'ada' } })
 * socket.connect()
 * const channel = socket.channel('room:lobby', { meta: { name: 'Ada' } })
 * await channel.join()
 *
 * server.presence('room:lobby').join('bob', { name: 'Bob' })
 * await server.settle()
 * console.log(channel.presence.has('bob')) // true
 *
 * server.drop()
 * await server.settle()
 * console.log(channel.status) // 'away'
 * ```
 */
export class FakeServer {
  /** Returns null for a guest. */
  readonly #identify: (params: URLSearchParams) => Key | null
  readonly #connections = new Set<FakeConnection>()
  readonly #topics = new Map<Topic, FakeTopic>()
  readonly #refreshes: FakeRefreshes
  readonly #refusals = new Map<Topic, FakeRefusal>()
  readonly #answers = new Map<string, (payload: JsonValue) => FakeAnswer>()
  readonly #pushes = new Map<Topic, FakePush[]>()
  readonly #joins = new Map<Topic, JsonObject[]>()
  readonly #host: FakeHost
  #isStopped = false
  #isFrozen = false
  #epoch = 1
  #sessions = 0
  #refs = 0

  constructor(options: FakeServerOptions = {}) {
    const { identify, limits, expiresInMs = null } = resolveFakeServerOptions(options)
    this.#identify = identify ?? ((params) => params.get('user_id'))
    this.#refreshes = new FakeRefreshes(expiresInMs, this.#identify)
    this.#host = {
      refreshes: this.#refreshes,
      limits: { ...DEFAULT_LIMITS, ...limits },
      topic: (topic) => this.#topic(topic),
      refusalOf: (topic) => this.#refusals.get(topic),
      joined: (topic, payload) => void listIn(this.#joins, topic).push(payload),
      pushed: (topic, event, payload, from) => this.#pushed(topic, event, payload, from),
      ended: (connection) => void this.#connections.delete(connection),
    }
  }

  /** Give this to a socket as its `transport`. */
  readonly transport: OpenTransport = (url, _subprotocol, listener) => {
    if (this.#isStopped) {
      let isActive = true
      inMicrotask(() => {
        if (isActive) listener.onClose(1006, 'The fake server is stopped.')
      })
      const ignore = () => {
        isActive = false
      }
      return { send: () => {}, close: ignore, abandon: ignore }
    }
    this.#sessions += 1
    const identity = this.#identify(new URL(url).searchParams) ?? `guest-${this.#sessions}`
    const connection = new FakeConnection(this.#host, listener, `session-${this.#sessions}`, identity)
    connection.isFrozen = this.#isFrozen
    this.#connections.add(connection)
    connection.open()
    return {
      send: (frame) => inMicrotask(() => connection.receive(frame)),
      close: (code, reason) => inMicrotask(() => connection.end({ code, reason })),
      abandon: () => connection.end(null),
    }
  }

  /** Number of open connections. */
  get connectionCount(): number {
    return this.#connections.size
  }

  presence(topic: Topic): FakePresence {
    const fakeTopic = this.#topic(topic)
    return {
      join: (key, meta = {}) => {
        throwIfError(objectError(`The meta of "${key}"`, meta))
        checkKey(key)
        return fakeTopic.join(key, meta)
      },
      update: (key, meta, ref = fakeTopic.refsOf(key).at(-1)) => {
        throwIfError(objectError(`The meta of "${key}"`, meta))
        if (ref !== undefined) fakeTopic.update(ref, meta)
      },
      leave: (key, reason = 'left', ref) =>
        fakeTopic.leave(ref === undefined ? fakeTopic.refsOf(key) : [ref], reason),
      loseNext: () => fakeTopic.loseNext(),
    }
  }

  /** Sends an event to every client in the topic. Throws `invalid_argument` for a name that a server refuses. */
  broadcast(topic: Topic, event: string, payload: JsonValue = {}): void {
    checkEvent(event)
    for (const connection of this.#membersOf(topic)) {
      connection.send({ kind: 'event', topic, joinRef: null, event, payload })
    }
  }

  /** Refuses joins of the topic from now on. A reason of the protocol, such as `throttled`, keeps its meaning. */
  refuse(topic: Topic, reason: string, retryAfterMs?: number): void {
    this.#refusals.set(topic, retryAfterMs === undefined ? { reason } : { reason, retryAfterMs })
  }

  /** Undoes {@link refuse}. */
  allow(topic: Topic): void {
    this.#refusals.delete(topic)
  }

  /** From now on replies to an event in all topics itself, instead of sending it to the topic's clients. */
  answer(event: string, respond: (payload: JsonValue) => FakeAnswer): void {
    checkEvent(event)
    this.#answers.set(event, respond)
  }

  /** The pushes to the topic so far, oldest first. */
  pushes(topic: Topic): readonly FakePush[] {
    return [...listIn(this.#pushes, topic)]
  }

  /** The payloads of the joins of the topic so far, with refused ones. */
  joins(topic: Topic): readonly JsonObject[] {
    return [...listIn(this.#joins, topic)]
  }

  /** Removes every client from the topic. */
  kick(topic: Topic, reason: LeaveReason = 'kicked'): void {
    for (const connection of this.#membersOf(topic)) connection.close(topic, reason)
  }

  /** Ends every session because its credentials expired (close code 4004). */
  expire(): void {
    for (const connection of [...this.#connections])
      connection.end({ code: 4004, reason: 'expired' }, 'expired')
  }

  /** Refuses newer credentials from now on, or does not reply to them (`silence`). */
  refuseRefresh(reason: string, retryAfterMs?: number): void {
    const refusal = retryAfterMs === undefined ? { reason } : { reason, retryAfterMs }
    this.#refreshes.refuse(reason === 'silence' ? reason : refusal)
  }

  /** Undoes {@link refuseRefresh}: newer credentials of the same identity are accepted again. */
  allowRefresh(): void {
    this.#refreshes.refuse(null)
  }

  /** The newer credentials that clients sent so far, oldest first, with refused ones. */
  get refreshes(): readonly FakeRefresh[] {
    return this.#refreshes.received
  }

  /** Ends every connection. @param code - The close code. @default 1006, a broken connection */
  drop(code = 1006, reason = ''): void {
    for (const connection of [...this.#connections]) connection.end({ code, reason })
  }

  /** Drops every connection and refuses new ones until {@link start}. */
  stop(): void {
    this.#isStopped = true
    this.drop()
  }

  start(): void {
    this.#isStopped = false
  }

  /** Drops every connection and starts again without its history: every topic begins another epoch. */
  restart(): void {
    this.drop(1012, 'restart')
    this.#epoch += 1
    for (const topic of this.#topics.values()) topic.beginEpoch(`epoch-${this.#epoch}`)
  }

  /** Accepts connections, but reads and sends nothing until {@link thaw}. Frames of that time are lost. */
  freeze(): void {
    this.#setFrozen(true)
  }

  thaw(): void {
    this.#setFrozen(false)
  }

  /** Sends a frame to every client without a check. */
  sendRaw(frame: string | Uint8Array): void {
    for (const connection of this.#connections) connection.sendRaw(frame)
  }

  /** Resolves when all frames on their way have arrived, with the replies to them. Does not run timers. */
  settle(): Promise<void> {
    return flushMicrotasks()
  }

  #pushed(topic: Topic, event: string, payload: JsonValue, from: Key): FakeAnswer {
    listIn(this.#pushes, topic).push({ event, payload, from })
    const respond = this.#answers.get(event)
    if (respond) return respond(payload)
    this.broadcast(topic, event, payload)
    return { ok: {} }
  }

  #setFrozen(isFrozen: boolean): void {
    this.#isFrozen = isFrozen
    for (const connection of this.#connections) connection.isFrozen = isFrozen
  }

  #membersOf(topic: Topic): FakeConnection[] {
    return [...this.#connections].filter((connection) => connection.joinRefOf(topic) !== undefined)
  }

  #topic(topic: Topic): FakeTopic {
    const known = this.#topics.get(topic)
    if (known) return known
    const mintRef = () => {
      this.#refs += 1
      return `p${this.#refs}`
    }
    const created = new FakeTopic(topic, `epoch-${this.#epoch}`, mintRef, (diff: FullDiff) => {
      for (const connection of this.#membersOf(topic)) connection.send({ kind: 'diff', topic, diff })
    })
    this.#topics.set(topic, created)
    return created
  }
}

/** A presence server in memory; see {@link FakeServer}. */
export function createFakeServer(options?: FakeServerOptions): FakeServer {
  return new FakeServer(options)
}

function listIn<T>(lists: Map<Topic, T[]>, topic: Topic): T[] {
  const known = lists.get(topic)
  if (known) return known
  const list: T[] = []
  lists.set(topic, list)
  return list
}

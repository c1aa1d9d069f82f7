import type { JsonObject, Key, Meta, MetaChange } from '@rollcall/shared-protocol'
import type { PresenceEvents, PresenceView } from './presence-events'
import type { PresenceFeed } from './presence-feed'
import type { PresenceEntry } from './presence-map'

export type { Presence as PresenceRecord } from '@rollcall/shared-protocol'
export type { PresenceEvents, PresenceView } from './presence-events'
export type { PresenceEntry } from './presence-map'

/** Part of a meta: fields that are named replace, `null` removes, objects merge (RFC 7396). */
export type MetaPatch<M> = {
  readonly [K in keyof M]?: (M[K] extends object ? MetaPatch<M[K]> | M[K] : M[K]) | null
}

/**
 * Who is in a topic: a live map from key to entry, kept in step with the server. Got from {@link Channel.presence}.
 *
 * After a lost connection it goes on showing what it showed, `isStale`, and is brought up to date in one step with
 * the events of the net change. It is empty before the first join and once the channel is left.
 *
 * @typeParam M - What the application's metas look like. Taken on trust: the server is who checks them.
 *
 * @example
 * ```ts
 * import { Socket } from '@rollcall/client'
 *
 * const socket = new Socket('ws://localhost:9090/socket', { params: { user_id: 'ada' } })
 * socket.connect()
 * const channel = socket.channel<{ name: string }>('room:lobby', { meta: { name: 'Ada' } })
 * const { presence } = channel
 * presence.on('join', ({ key, meta }) => console.log(`${meta.name} (${key}) is here`))
 * presence.on('leave', ({ meta }, reason) => console.log(`${meta.name} went: ${reason}`))
 * await channel.join()
 * ```
 */
export class Presence<M = Meta> implements Iterable<[Key, PresenceEntry<M>]> {
  readonly #feed: PresenceFeed<M>
  readonly #change: (change: MetaChange) => Promise<void>

  /** Made by its channel. */
  constructor(feed: PresenceFeed<M>, change: (change: MetaChange) => Promise<void>) {
    this.#feed = feed
    this.#change = change
  }

  /** Keys that are present, not presences: one person with two tabs counts once. */
  get size(): number {
    return this.#feed.map.size
  }

  /** Whether a snapshot has been applied since the channel was joined: before that, an empty map says nothing. */
  get isSynced(): boolean {
    return this.#feed.isSynced
  }

  /** Whether the map is from before a gap or a lost connection; a snapshot is awaited. */
  get isStale(): boolean {
    return this.#feed.isStale
  }

  /** How often a gap, another epoch or a wrong digest made it ask for the whole state. For watching over; stays low. */
  get resyncCount(): number {
    return this.#feed.resyncCount
  }

  /** The key's entry, the same object until something about the key changes; undefined where it is absent. */
  get(key: Key): PresenceEntry<M> | undefined {
    return this.#feed.map.get(key)
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined
  }

  /** All entries in the order of first appearance; the same array until something changes. */
  list(): readonly PresenceEntry<M>[] {
    return this.#feed.map.list()
  }

  keys(): IterableIterator<Key> {
    return this.#feed.map.keys()
  }

  [Symbol.iterator](): IterableIterator<[Key, PresenceEntry<M>]> {
    return this.#feed.map.entries()
  }

  /** All of it as one immutable value, the same object until something changes. For `useSyncExternalStore`. */
  getSnapshot(): PresenceView<M> {
    return this.#feed.view
  }

  /** Calls `listener` whenever {@link getSnapshot} would return another object. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#feed.changes.subscribe(listener)
  }

  on<E extends keyof PresenceEvents<M>>(event: E, listener: PresenceEvents<M>[E]): this {
    this.#feed.listeners.on(event, listener)
    return this
  }

  once<E extends keyof PresenceEvents<M>>(event: E, listener: PresenceEvents<M>[E]): this {
    this.#feed.listeners.once(event, listener)
    return this
  }

  /** Without a listener: all of the event. */
  off<E extends keyof PresenceEvents<M>>(event: E, listener?: PresenceEvents<M>[E]): this {
    this.#feed.listeners.off(event, listener)
    return this
  }

  /**
   * Replaces the meta of our own presence. The first change goes out at once, those within `updateIntervalMs` after
   * it as one, and their promises settle together. While the channel is away the change is kept, the latest wins,
   * and it goes out after the rejoin; what the server has accepted goes along with every rejoin.
   *
   * Need not be awaited. Rejects with a {@link RollcallError}: `push_failed` where the server refused (`reason`
   * `not_tracked`, `limit_exceeded`, …), `timeout` after `timeoutMs`, `left`, `refused`, `disconnected`,
   * `unsupported` where the socket's dialect is `phoenix`.
   *
   * @example
   * ```ts
   * import type { Channel } from '@rollcall/client'
   *
   * export async function goAway(channel: Channel<{ name: string; status: string }>): Promise<void> {
   *   await channel.presence.update({ name: 'Ada', status: 'away' })
   * }
   * ```
   */
  update(meta: M): Promise<void> {
    return this.#change({ kind: 'update', meta: meta as Meta })
  }

  /**
   * Changes part of the meta of our own presence: a JSON merge patch. In everything else as {@link update}, with
   * which it may be mixed.
   *
   * @example
   * ```ts
   * import type { Channel } from '@rollcall/client'
   *
   * export async function stopTyping(channel: Channel<{ name: string; typing?: boolean }>): Promise<void> {
   *   await channel.presence.patch({ typing: null })
   * }
   * ```
   */
  patch(patch: MetaPatch<M>): Promise<void> {
    return this.#change({ kind: 'patch', patch: patch as JsonObject })
  }
}

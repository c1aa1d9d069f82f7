import type { JsonObject, Key, Meta, MetaChange } from '@rollcall/shared-protocol'
import type { PresenceEvents, PresenceView } from './presence-events'
import type { PresenceFeed } from './presence-feed'
import type { PresenceEntry } from './presence-map'

export type { Presence as PresenceRecord } from '@rollcall/shared-protocol'
export type { PresenceEvents, PresenceView } from './presence-events'
export type { PresenceEntry } from './presence-map'

/** A merge patch of a meta (RFC 7396): a field replaces, `null` removes, an object merges. */
export type MetaPatch<M> = {
  readonly [K in keyof M]?: (M[K] extends object ? MetaPatch<M[K]> | M[K] : M[K]) | null
}

/**
 * The presences in a topic: a map from key to entry that the client keeps equal to the server's. Get it from
 * {@link Channel.presence}.
 *
 * After a lost connection it keeps its content and is `isStale`. The new state then updates it in one step, with events
 * for the net change. It is empty before the first join and after a leave.
 *
 * @typeParam M - The type of the application's metas. The client does not check it; the server should.
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

  /** Its channel makes it. */
  constructor(feed: PresenceFeed<M>, change: (change: MetaChange) => Promise<void>) {
    this.#feed = feed
    this.#change = change
  }

  /** Number of keys: one person with two tabs counts once. */
  get size(): number {
    return this.#feed.map.size
  }

  /** Whether a snapshot has been applied since the join. Before that, an empty map says nothing. */
  get isSynced(): boolean {
    return this.#feed.isSynced
  }

  /** Whether the map is from before a gap or a lost connection, and the new state has not arrived yet. */
  get isStale(): boolean {
    return this.#feed.isStale
  }

  /** Number of requests for the whole state after a gap, another epoch or a wrong digest. For monitoring; stays low. */
  get resyncCount(): number {
    return this.#feed.resyncCount
  }

  /** The entry of a key, or undefined. The same object until something about the key changes. */
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

  /** The whole map as an immutable value, the same object until something changes. For `useSyncExternalStore`. */
  getSnapshot(): PresenceView<M> {
    return this.#feed.view
  }

  /** Calls `listener` when {@link getSnapshot} would return another object. Returns a function that unsubscribes. */
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

  /** Removes a listener; without one, all listeners of the event. */
  off<E extends keyof PresenceEvents<M>>(event: E, listener?: PresenceEvents<M>[E]): this {
    this.#feed.listeners.off(event, listener)
    return this
  }

  /**
   * Replaces the meta of your own presence. The first change is sent at once. Those within `updateIntervalMs` after it
   * are sent as one, and their promises settle together. While the channel is `away`, the change waits for the rejoin.
   * Every rejoin carries the changes that the server has accepted.
   *
   * You need not await it. Rejects with a {@link RollcallError}: `push_failed` if the server refused it (`reason`
   * `not_tracked`, `limit_exceeded`, …), `timeout` after `timeoutMs`, `left`, `refused`, `disconnected`, or `unsupported`
   * with the dialect `phoenix`.
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
   * Changes part of the meta of your own presence, as a JSON merge patch. Otherwise it is like {@link update}, and the
   * two can be mixed.
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

import type { JsonObject, Key, LeaveReason, Meta, Position, Presence, Topic } from '@rollcall/shared-protocol'
import type { Owner } from './owned-presences'
import type { PresenceRegistry, TrackResult } from './presence-registry'
import type { RegistryDiff } from './registry-diff'

/**
 * The presences of all topics, for the server's own program: read them, or be present without a connection. An owner is
 * any string that names who tracks; it has at most one presence per topic. Get it from `server.registry`.
 *
 * Changes return at once. Members of the topic receive them with the topic's next flush.
 */
export class Registry {
  readonly #presences: PresenceRegistry

  /** @internal */
  constructor(presences: PresenceRegistry) {
    this.#presences = presences
  }

  /** Number of presences that this process holds itself; bounded by `limits.capacity`. */
  get size(): number {
    return this.#presences.size
  }

  /**
   * Makes `owner` present in `topic` under `key`. Tracking again overwrites the presence; with the same key, members
   * receive an update. The same key and meta again change nothing.
   *
   * Refused with a fault that names the limit, the value and the option when topic, key or meta have too many UTF-8 bytes
   * or the node is full; with `invalid_text` when topic or key contain a forbidden character, such as a line break; with
   * `store_unavailable` when the store is unreachable and `maxQueuedChanges` changes wait for it. Throws
   * `invalid_argument` when the meta is not a JSON object.
   *
   * @example
   * const tracked = server.registry.track('bot-1', 'room:lobby', 'weather', { says: 'sunny' })
   * if (!tracked.ok) console.warn(tracked.fault.message)
   */
  track(owner: Owner, topic: Topic, key: Key, meta: Meta): TrackResult {
    return this.#presences.track(owner, topic, key, meta)
  }

  /** Replaces the meta of the owner's presence. Refused with `not_tracked` if there is no presence. */
  update(owner: Owner, topic: Topic, meta: Meta): TrackResult {
    return this.#presences.update(owner, topic, meta)
  }

  /**
   * Changes part of the meta by a JSON merge patch (RFC 7396): a field with null is removed. Refused with `not_tracked` if
   * there is no presence.
   *
   * @example
   * server.registry.patch('bot-1', 'room:lobby', { says: 'rainy' })
   */
  patch(owner: Owner, topic: Topic, patch: JsonObject): TrackResult {
    return this.#presences.patch(owner, topic, patch)
  }

  /** Ends the owner's presence in the topic. Returns whether there was one. */
  untrack(owner: Owner, topic: Topic, reason: LeaveReason = 'left'): boolean {
    return this.#presences.untrack(owner, topic, reason)
  }

  /** Ends the owner's presences in all topics. Returns their number. */
  untrackAll(owner: Owner, reason: LeaveReason = 'closed'): number {
    return this.#presences.untrackAll(owner, reason)
  }

  /** The owner's presence in the topic as last accepted, or `undefined`. */
  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#presences.get(owner, topic)
  }

  /** Resolves with all presences of the topic, on all nodes. Changes accepted on this node are included at once. */
  list(topic: Topic): Promise<Presence[]> {
    return this.#presences.list(topic)
  }

  /** Resolves with the number of presences in the topic, on all nodes. */
  count(topic: Topic): Promise<number> {
    return this.#presences.count(topic)
  }

  /**
   * Resolves with the net change of the topic since a position. Without a position, or when the history no longer reaches
   * back to it, `isFull` is true and `joins` holds everybody.
   *
   * @example
   * const { epoch, seq } = await server.registry.diff('room:lobby')
   * // Later:
   * const { joins, updates, leaves } = await server.registry.diff('room:lobby', { epoch, seq })
   */
  diff(topic: Topic, since?: Position): Promise<RegistryDiff> {
    return this.#presences.diff(topic, since)
  }
}

import {
  type Epoch,
  type Position,
  type Presence,
  type PresenceLeave,
  PresenceSet,
  type PresenceSnapshot,
  type PresenceUpdate,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Change, Store, StoreMessage, Subscription, TopicFeed } from './store'

/**
 * The state of one or several {@link MemoryStore}s. One per process is the default; nodes that are to share a
 * presence system within one process (as tests do) are given the same one.
 */
export class MemoryStoreState {
  readonly topics = new Map<Topic, MemoryTopic>()
  #epochs = 0

  /** A topic that comes back after it was empty begins a new epoch: its earlier numbers are forgotten. */
  topic(name: Topic): MemoryTopic {
    let topic = this.topics.get(name)
    if (!topic) {
      topic = new MemoryTopic(`${this.#epochPrefix}${(this.#epochs++).toString(36)}`)
      this.topics.set(name, topic)
    }
    return topic
  }

  forgetIfIdle(name: Topic): void {
    const topic = this.topics.get(name)
    if (topic && topic.set.size === 0 && topic.feeds.size === 0) this.topics.delete(name)
  }

  // A restarted process must not take up an epoch of its predecessor.
  readonly #epochPrefix: string

  constructor(epochPrefix: string) {
    this.#epochPrefix = epochPrefix
  }
}

class MemoryTopic {
  readonly set = new PresenceSet()
  readonly feeds = new Map<TopicFeed, MemoryStore>()
  seq = 0

  constructor(readonly epoch: Epoch) {}

  snapshot(): PresenceSnapshot {
    const { epoch, seq } = this
    return { epoch, seq, digest: this.set.digest, presences: [...this.set.presences()] }
  }
}

/** The embedded store: everything in this process, no service needed, gone when the process ends. */
export class MemoryStore implements Store {
  readonly #state: MemoryStoreState
  readonly #feeds = new Map<TopicFeed, Topic>()

  constructor(state: MemoryStoreState) {
    this.#state = state
  }

  async commit(name: Topic, changes: readonly Change[]): Promise<Position> {
    const topic = this.#state.topic(name)
    const { epoch } = topic
    const base = topic.seq
    const applied = topic.set.apply(sortChanges(topic.set, changes))
    if (applied.joins.length + applied.updates.length + applied.leaves.length > 0) {
      topic.seq = base + 1
      const diff = {
        epoch,
        base,
        seq: topic.seq,
        digest: topic.set.digest,
        joins: applied.joins,
        updates: applied.updates.map(({ presence: { ref, rev, meta } }) => ({ ref, rev, meta })),
        leaves: applied.leaves.map(({ presence: { ref, key }, reason }) => ({ ref, key, reason })),
      }
      // A feed may cancel another while it is told: that one is not told any more.
      for (const feed of [...topic.feeds.keys()]) if (topic.feeds.has(feed)) feed.onDiff(diff)
    }
    const { seq } = topic
    this.#state.forgetIfIdle(name)
    return { epoch, seq }
  }

  async subscribe(name: Topic, feed: TopicFeed): Promise<Subscription> {
    const topic = this.#state.topic(name)
    topic.feeds.set(feed, this)
    this.#feeds.set(feed, name)
    feed.onSnapshot(topic.snapshot())
    return { cancel: () => this.#cancel(feed) }
  }

  async read(name: Topic): Promise<PresenceSnapshot> {
    const snapshot = this.#state.topic(name).snapshot()
    this.#state.forgetIfIdle(name)
    return snapshot
  }

  async publish(name: Topic, message: StoreMessage): Promise<void> {
    const topic = this.#state.topics.get(name)
    if (!topic) return
    for (const [feed, owner] of [...topic.feeds]) {
      if (owner !== this && topic.feeds.has(feed)) feed.onMessage(message)
    }
  }

  async close(): Promise<void> {
    for (const feed of [...this.#feeds.keys()]) this.#cancel(feed)
  }

  #cancel(feed: TopicFeed): void {
    const name = this.#feeds.get(feed)
    if (name === undefined) return
    this.#feeds.delete(feed)
    this.#state.topics.get(name)?.feeds.delete(feed)
    this.#state.forgetIfIdle(name)
  }
}

/** Changes as joins, updates and leaves of what the set holds. A ref that is put and dropped at once cancels out. */
function sortChanges(set: PresenceSet, changes: readonly Change[]) {
  const joins = new Map<string, Presence>()
  const updates: PresenceUpdate[] = []
  const leaves: PresenceLeave[] = []
  for (const change of changes) {
    const held = set.get(change.ref)
    if (change.op === 'drop') {
      if (!joins.delete(change.ref) && held)
        leaves.push({ ref: held.ref, key: held.key, reason: change.reason })
    } else if (held && held.key === change.key)
      updates.push({ ref: change.ref, rev: change.rev, meta: change.meta })
    else if (!held) {
      const earlier = joins.get(change.ref)
      if (!earlier || change.rev > earlier.rev) {
        joins.set(change.ref, { ref: change.ref, key: change.key, meta: change.meta, rev: change.rev })
      }
    }
  }
  return { joins: [...joins.values()], updates, leaves }
}

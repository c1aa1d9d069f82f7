import type { PresenceDiff } from '@rollcall/shared-protocol'
import type { MemoryStore } from '../../packages/server/src/store/memory/memory-store'
import type {
  Change,
  NodeEvents,
  SessionStore,
  Store,
  StoreMessage,
  Subscription,
  TopicFeed,
} from '../../packages/server/src/store/store'

/*
 *   node --SimStore--> MemoryStore --> MemoryStoreState, shared by all nodes
 *
 * One node's way to the store, which may be out of reach for a while. What happens there meanwhile is not told; once it
 * is back each topic is told anew. The last that was asked before the way was lost may have been done all the same.
 */
export class SimStore implements Store {
  readonly sessions: SessionStore
  readonly memory: MemoryStore
  /** Whether the node has left what it had to the others. */
  isHandedOver = false
  readonly #feeds = new Map<TopicFeed, string>()
  /** Feeds that wait for their snapshot after an outage, with the diffs that came meanwhile. */
  readonly #catchingUp = new Map<TopicFeed, PresenceDiff[]>()
  #events: NodeEvents | null = null
  #isAway = false
  readonly #takenMeanwhile = new Set<string>()
  /** Whether the next commit or adoption gets through, and only its answer is lost. */
  #losesAnswer = false

  constructor(memory: MemoryStore) {
    this.memory = memory
    const { sessions } = memory
    this.sessions = {
      save: (session) => this.#through(() => sessions.save(session)),
      read: (id) => this.#through(() => sessions.read(id)),
      claim: (session, version) => this.#through(() => sessions.claim(session, version)),
      forget: (id) => this.#through(() => sessions.forget(id)),
    }
  }

  connect(events: NodeEvents): void {
    this.#events = events
    this.memory.connect({
      onReachable: () => {},
      onSessionClaimed: (id) => {
        if (this.#isAway) this.#takenMeanwhile.add(id)
        else events.onSessionClaimed(id)
      },
    })
  }

  goAway(losesAnswer: boolean): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#losesAnswer = losesAnswer
    this.#events?.onReachable(false)
  }

  async comeBack(): Promise<void> {
    if (!this.#isAway) return
    // First of all: what this node asks for next is not to be for a session that is another's.
    for (const id of this.#takenMeanwhile) this.#events?.onSessionClaimed(id)
    this.#takenMeanwhile.clear()
    this.#isAway = false
    this.#losesAnswer = false
    // The node may commit as soon as it hears this. A diff that went ahead of its snapshot would be out of order.
    const feeds = [...this.#feeds]
    for (const [feed] of feeds) this.#catchingUp.set(feed, [])
    this.#events?.onReachable(true)
    for (const [feed, topic] of feeds) {
      const snapshot = await this.memory.read(topic)
      const diffs = this.#catchingUp.get(feed) ?? []
      this.#catchingUp.delete(feed)
      if (this.#isAway || !this.#feeds.has(feed)) continue
      feed.onSnapshot(snapshot)
      for (const diff of diffs) if (diff.seq > snapshot.seq) feed.onDiff(diff)
    }
  }

  commit(topic: string, changes: readonly Change[]) {
    return this.#through(() => this.memory.commit(topic, changes))
  }

  adopt(topic: string, owner: string) {
    return this.#through(() => this.memory.adopt(topic, owner))
  }

  subscribe(topic: string, feed: TopicFeed): Promise<Subscription> {
    return this.#through(async () => {
      const told: TopicFeed = {
        onSnapshot: (snapshot) => feed.onSnapshot(snapshot),
        onDiff: (diff) => {
          const waiting = this.#catchingUp.get(told)
          if (waiting) waiting.push(diff)
          else if (!this.#isAway) feed.onDiff(diff)
        },
        onMessage: (message) => {
          if (!this.#isAway) feed.onMessage(message)
        },
      }
      const { cancel } = await this.memory.subscribe(topic, told)
      this.#feeds.set(told, topic)
      return {
        cancel: () => {
          this.#feeds.delete(told)
          cancel()
        },
      }
    })
  }

  read(topic: string) {
    return this.#through(() => this.memory.read(topic))
  }

  count(topic: string) {
    return this.#through(() => this.memory.count(topic))
  }

  publish(topic: string, message: StoreMessage) {
    return this.#through(() => this.memory.publish(topic, message))
  }

  async handOff(graceMs: number): Promise<void> {
    await this.#through(() => this.memory.handOff(graceMs))
    this.isHandedOver = true
  }

  close() {
    return this.memory.close()
  }

  async #through<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#isAway) return ask()
    if (this.#losesAnswer) {
      this.#losesAnswer = false
      await ask()
    }
    throw new Error('The store is away.')
  }
}

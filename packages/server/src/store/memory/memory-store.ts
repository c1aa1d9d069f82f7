import type { LeaveReason, Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import { checkOptions, type OptionsOf } from '../../check-options'
import { type Clock, systemClock, type Timer } from '../../io/clock'
import type {
  Change,
  NodeEvents,
  SessionEntry,
  SessionStore,
  Store,
  StoredSession,
  StoreMessage,
  Subscription,
  TopicFeed,
} from '../store'
import { MemoryTopic } from './memory-topic'

/*
 *   MemoryStore (node A) --+
 *   MemoryStore (node B) --+--> MemoryStoreState: topics, sessions and their holders
 *   MemoryStore (node C) --+
 */

export interface MemoryStoreOptions {
  /** The clock for handoffs and for the expiry of sessions. @default systemClock */
  readonly clock?: Clock
  /** Milliseconds that the sessions of a lost node may still be claimed. @default 600000 */
  readonly sessionTtlMs?: number
}

const MEMORY_STORE_OPTION_TYPES: OptionsOf<MemoryStoreOptions> = { clock: 'object', sessionTtlMs: 'number' }

/**
 * The state behind one or several {@link MemoryStore}s. Give several nodes of one process the same state to make them one
 * presence system, as tests do.
 */
export class MemoryStoreState {
  readonly topics = new Map<Topic, MemoryTopic<MemoryStore>>()
  readonly sessions = new MemorySessions<MemoryStore>()
  readonly clock: Clock
  readonly #sessionTtlMs: number
  readonly #open = new Set<MemoryStore>()
  readonly #waiting = new Map<Timer, () => void>()
  #epochs = 0

  /** The topic, created if need be. A topic that was removed while idle begins a new epoch. */
  topic(name: Topic): MemoryTopic<MemoryStore> {
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

  // A restarted process must not reuse an epoch of its predecessor.
  readonly #epochPrefix: string

  constructor(epochPrefix: string, options: MemoryStoreOptions = {}) {
    checkOptions('MemoryStoreState: ', options, MEMORY_STORE_OPTION_TYPES)
    const { clock = systemClock, sessionTtlMs = 600_000 } = options
    this.#epochPrefix = epochPrefix
    this.clock = clock
    this.#sessionTtlMs = sessionTtlMs
  }

  /** Removes all presences of the node, with one diff per topic. Its sessions stay claimable for `sessionTtlMs`. */
  lose(node: MemoryStore, reason: LeaveReason = 'node_lost'): void {
    this.#open.delete(node)
    for (const [name, topic] of [...this.topics]) {
      topic.dropAllOf(node, reason)
      this.forgetIfIdle(name)
    }
    this.after(this.#sessionTtlMs, () => this.sessions.forgetAllOf(node))
  }

  /** Runs once after `delayMs`, or at once when the last node closes. */
  after(delayMs: number, run: () => void): void {
    if (this.#open.size === 0) return run()
    const timer = this.clock.after(delayMs, () => {
      this.#waiting.delete(timer)
      run()
    })
    this.#waiting.set(timer, run)
  }

  opened(node: MemoryStore): void {
    this.#open.add(node)
  }

  closed(node: MemoryStore): void {
    this.#open.delete(node)
    if (this.#open.size > 0) return
    for (const [timer, run] of [...this.#waiting]) {
      timer.cancel()
      run()
    }
    this.#waiting.clear()
  }
}

/** The default store. It keeps everything in this process and needs no service; its data ends with the process. */
export class MemoryStore implements Store {
  readonly sessions: SessionStore
  readonly #state: MemoryStoreState
  readonly #feeds = new Map<TopicFeed, Topic>()
  #events: NodeEvents | null = null
  #phase: 'open' | 'handedOff' | 'closed' = 'open'

  constructor(state: MemoryStoreState) {
    this.#state = state
    state.opened(this)
    this.sessions = this.#sessionStore()
  }

  connect(events: NodeEvents): void {
    this.#events = events
  }

  async commit(name: Topic, changes: readonly Change[]): Promise<Position> {
    if (this.#phase !== 'open')
      throw new Error(
        'This node has handed off its presences or closed its store, and can commit no more changes.',
      )
    const topic = this.#state.topic(name)
    topic.commit(this, changes)
    const { epoch, seq } = topic
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

  async count(name: Topic): Promise<number> {
    return this.#state.topics.get(name)?.set.size ?? 0
  }

  async adopt(name: Topic, owner: string): Promise<Presence | null> {
    return this.#state.topics.get(name)?.adopt(this, owner) ?? null
  }

  async publish(name: Topic, message: StoreMessage): Promise<void> {
    const topic = this.#state.topics.get(name)
    if (!topic) return
    for (const [feed, node] of [...topic.feeds]) {
      if (node !== this && topic.feeds.has(feed)) feed.onMessage(message)
    }
  }

  async handOff(graceMs: number): Promise<void> {
    if (this.#phase !== 'open') return
    this.#phase = 'handedOff'
    this.#state.after(graceMs, () => this.#state.lose(this, 'drained'))
  }

  /** Removes this node's presences with reason `node_lost`, unless they were handed off. */
  async close(): Promise<void> {
    const phase = this.#phase
    if (phase === 'closed') return
    this.#end()
    if (phase === 'open') this.#state.lose(this)
    this.#state.closed(this)
  }

  /** Simulates a crash in tests. The other nodes notice when you call {@link MemoryStoreState.lose}. */
  crash(): void {
    this.#end()
  }

  #end(): void {
    this.#phase = 'closed'
    for (const feed of [...this.#feeds.keys()]) this.#cancel(feed)
    this.#events = null
  }

  #sessionStore(): SessionStore {
    const { sessions } = this.#state
    return {
      save: async (session) => sessions.save(this, session),
      read: async (id) => sessions.read(id),
      claim: async (session, version) => {
        const former = sessions.claim(this, session, version)
        if (former !== null && former !== this) former.#events?.onSessionClaimed(session.id)
        return former !== null
      },
      forget: async (id) => sessions.forget(this, id),
    }
  }

  #cancel(feed: TopicFeed): void {
    const name = this.#feeds.get(feed)
    if (name === undefined) return
    this.#feeds.delete(feed)
    this.#state.topics.get(name)?.feeds.delete(feed)
    this.#state.forgetIfIdle(name)
  }
}

interface Held<Node> extends SessionEntry {
  readonly node: Node
}

/** The sessions that the nodes of one memory store can claim from each other. */
export class MemorySessions<Node> {
  readonly #held = new Map<string, Held<Node>>()

  get size(): number {
    return this.#held.size
  }

  save(node: Node, session: StoredSession): void {
    const held = this.#held.get(session.id)
    if (held && held.node !== node) return
    this.#held.set(session.id, { session, version: (held?.version ?? 0) + 1, node })
  }

  read(id: string): SessionEntry | null {
    const held = this.#held.get(id)
    return held ? { session: held.session, version: held.version } : null
  }

  /** Returns the node that held it; null if the session is gone or was written since `version`. */
  claim(node: Node, session: StoredSession, version: number): Node | null {
    const held = this.#held.get(session.id)
    if (!held || held.version !== version) return null
    this.#held.set(session.id, { session, version: version + 1, node })
    return held.node
  }

  forget(node: Node, id: string): void {
    if (this.#held.get(id)?.node === node) this.#held.delete(id)
  }

  forgetAllOf(node: Node): void {
    for (const [id, held] of this.#held) if (held.node === node) this.#held.delete(id)
  }
}

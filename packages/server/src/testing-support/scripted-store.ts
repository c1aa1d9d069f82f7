import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type {
  Change,
  NodeEvents,
  SessionStore,
  Store,
  StoreMessage,
  Subscription,
  TopicFeed,
} from '../store/store'

/** A store in front of another, with failures that the test switches on, and counts. */
export class ScriptedStore implements Store {
  readonly #inner: Store
  /** While true, every call fails without an effect. */
  isDown = false
  /** While true, commits and adoptions fail after they were applied, as if their reply was lost. */
  losesAnswers = false
  /** Commits wait for it. */
  gate: Promise<void> | null = null
  /** Every commit that reached the store. */
  readonly commits: { readonly topic: Topic; readonly changes: readonly Change[] }[] = []
  readonly published: StoreMessage[] = []
  /** The error code while it is down. */
  errorCode: string | null = null
  subscriptions = 0
  failures = 0
  readonly sessions: SessionStore
  #events: NodeEvents | null = null

  constructor(inner: Store) {
    this.#inner = inner
    const through = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
      return async (...args: A) => {
        await this.gate
        this.#check()
        return call(...args)
      }
    }
    const { sessions } = inner
    this.sessions = {
      save: through((session) => sessions.save(session)),
      read: through((id) => sessions.read(id)),
      claim: through((session, version) => sessions.claim(session, version)),
      forget: through((id) => sessions.forget(id)),
    }
  }

  connect(events: NodeEvents): void {
    this.#events = events
    this.#inner.connect(events)
  }

  /** Makes the store unreachable or reachable, and notifies its node. */
  setDown(isDown: boolean): void {
    if (this.isDown === isDown) return
    this.isDown = isDown
    this.#events?.onReachable(!isDown)
  }

  async commit(topic: Topic, changes: readonly Change[]): Promise<Position> {
    await this.gate
    this.#check()
    this.commits.push({ topic, changes })
    return this.#answer(await this.#inner.commit(topic, changes))
  }

  async subscribe(topic: Topic, feed: TopicFeed): Promise<Subscription> {
    this.#check()
    const subscription = await this.#inner.subscribe(topic, feed)
    this.subscriptions++
    let isCancelled = false
    return {
      cancel: () => {
        if (!isCancelled) this.subscriptions--
        isCancelled = true
        subscription.cancel()
      },
    }
  }

  async read(topic: Topic): Promise<PresenceSnapshot> {
    this.#check()
    return this.#inner.read(topic)
  }

  async count(topic: Topic): Promise<number> {
    this.#check()
    return this.#inner.count(topic)
  }

  async adopt(topic: Topic, owner: string): Promise<Presence | null> {
    await this.gate
    this.#check()
    return this.#answer(await this.#inner.adopt(topic, owner))
  }

  async handOff(graceMs: number): Promise<void> {
    this.#check()
    return this.#inner.handOff(graceMs)
  }

  async publish(topic: Topic, message: StoreMessage): Promise<void> {
    this.#check()
    this.published.push(message)
    return this.#inner.publish(topic, message)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #answer<T>(answer: T): T {
    if (!this.losesAnswers) return answer
    this.failures++
    throw new Error('The answer was lost.')
  }

  #check(): void {
    if (!this.isDown) return
    this.failures++
    throw new Error('The store is down.')
  }
}

import type { Position, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { Change, Store, StoreMessage, Subscription, TopicFeed } from '../store/store'

/** A store in front of another, which fails and counts as the test says. */
export class ScriptedStore implements Store {
  readonly #inner: Store
  /** While set, whatever is asked of it fails, and nothing is applied. */
  isDown = false
  /** While set, commits wait until it is resolved. */
  gate: Promise<void> | null = null
  /** Every commit that was let through. */
  readonly commits: { readonly topic: Topic; readonly changes: readonly Change[] }[] = []
  readonly published: StoreMessage[] = []
  subscriptions = 0
  failures = 0

  constructor(inner: Store) {
    this.#inner = inner
  }

  async commit(topic: Topic, changes: readonly Change[]): Promise<Position> {
    await this.gate
    this.#check()
    this.commits.push({ topic, changes })
    return this.#inner.commit(topic, changes)
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

  async publish(topic: Topic, message: StoreMessage): Promise<void> {
    this.#check()
    this.published.push(message)
    return this.#inner.publish(topic, message)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #check(): void {
    if (!this.isDown) return
    this.failures++
    throw new Error('The store is down.')
  }
}

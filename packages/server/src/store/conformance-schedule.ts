import assert from 'node:assert/strict'
import type { Presence, Topic } from '@rollcall/shared-protocol'
import { byRef, eventually, RecordingFeed } from './conformance-feed'
import type { Change, Store, Subscription } from './store'

const topic: Topic = 'room:schedule'
const KEYS = ['ada', 'bob', '__proto__', '']
const STEPS = 60

/**
 * Lets the nodes commit, subscribe and cancel at once, each at its own pace, as a seed says; then all who follow hold
 * what the store says, which is what the nodes made of it.
 */
export async function playSchedule(nodes: readonly Store[], seed: number): Promise<void> {
  const parts = nodes.map((store, i) => new Part(store, `n${i}`, seed * 1000 + i))
  await Promise.all(parts.map((part) => part.play()))
  const expected = byRef(parts.flatMap((part) => [...part.own.values()]))
  for (const { store } of parts) assert.deepEqual(byRef((await store.read(topic)).presences), expected)
  for (const { feed } of parts) {
    await eventually(() => assert.deepEqual(feed?.presences, expected))
    feed?.verify()
  }
}

/** One node's part: it puts, updates and drops its own refs, and comes and goes as a follower. */
class Part {
  readonly store: Store
  readonly own = new Map<string, Presence>()
  feed: RecordingFeed | null = null
  readonly #name: string
  #subscription: Subscription | null = null
  #chance: number
  #refs = 0

  constructor(store: Store, name: string, seed: number) {
    this.store = store
    this.#name = name
    this.#chance = seed >>> 0
  }

  async play(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      if (this.#below(6) === 0) await this.#comeOrGo()
      else await this.#commit()
    }
    if (!this.feed) await this.#comeOrGo()
  }

  async #comeOrGo(): Promise<void> {
    if (this.feed && this.#subscription) {
      this.feed.verify()
      this.#subscription.cancel()
      this.feed = null
    } else {
      this.feed = new RecordingFeed()
      this.#subscription = await this.store.subscribe(topic, this.feed)
    }
  }

  async #commit(): Promise<void> {
    const changes: Change[] = []
    for (let n = this.#below(4); n >= 0; n--) changes.push(this.#change(changes))
    await this.store.commit(topic, changes)
    const mine = this.feed?.presences.filter(({ ref }) => ref.startsWith(`${this.#name}-`))
    if (mine) assert.deepEqual(mine, byRef(this.own.values()), 'A commit resolves after its own feed.')
  }

  /** A change of a presence that the step does not change yet, or a new one. */
  #change(earlier: readonly Change[]): Change {
    const free = [...this.own.values()].filter(({ ref }) => earlier.every((change) => change.ref !== ref))
    const one = free[this.#below(free.length + 1)]
    if (!one) {
      const ref = `${this.#name}-${this.#refs++}`
      return this.#put({ ref, key: KEYS[this.#below(KEYS.length)] as string, meta: {}, rev: 0 })
    }
    if (this.#below(2) === 0) return this.#put({ ...one, rev: one.rev + 1, meta: { n: this.#below(100) } })
    this.own.delete(one.ref)
    return { op: 'drop', ref: one.ref, reason: 'closed' }
  }

  #put(presence: Presence): Change {
    this.own.set(presence.ref, presence)
    return { op: 'put', ...presence }
  }

  /** A whole number below `bound`, from the seed (a linear congruential generator; Numerical Recipes). */
  #below(bound: number): number {
    this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#chance / 2 ** 32) * bound)
  }
}

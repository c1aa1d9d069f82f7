import assert from 'node:assert/strict'
import type { Presence, Topic } from '@rollcall/shared-protocol'
import type { Change, Store, Subscription } from '../store/store'
import { eventually } from './eventually'
import { byRef, ownerOf, RecordingFeed } from './store-feed'

const topic: Topic = 'room:schedule'
const KEYS = ['ada', 'bob', '__proto__', '']
const STEPS = 60

/**
 * Lets all nodes commit, adopt, subscribe and cancel concurrently, as a seed decides. Afterwards the store and all feeds
 * must hold exactly the presences that the nodes put.
 */
export async function playSchedule(nodes: readonly Store[], seed: number): Promise<void> {
  const parts: Part[] = []
  for (const [i, store] of nodes.entries()) parts.push(new Part(store, `n${i}`, seed * 1000 + i, parts))
  await Promise.all(parts.map((part) => part.play()))
  const expected = byRef(parts.flatMap((part) => [...part.own.values()]))
  for (const { store } of parts) assert.deepEqual(byRef((await store.read(topic)).presences), expected)
  for (const { feed } of parts) {
    await eventually(() => assert.deepEqual(feed?.presences, expected))
    feed?.verify()
  }
}

/**
 * The actions of one node: it puts, updates and drops presences, adopts those of others, and subscribes and cancels.
 */
class Part {
  readonly store: Store
  readonly own = new Map<string, Presence>()
  feed: RecordingFeed | null = null
  readonly #name: string
  #subscription: Subscription | null = null
  #chance: number
  #refs = 0
  readonly #all: readonly Part[]
  /** Refs in a pending commit. */
  readonly #busy = new Set<string>()
  /** Refs that it created and that another node has adopted or is adopting. */
  readonly #given = new Set<string>()
  /** Refs whose adoption by another node is complete. */
  readonly #lost = new Set<string>()

  constructor(store: Store, name: string, seed: number, all: readonly Part[]) {
    this.store = store
    this.#name = name
    this.#all = all
    this.#chance = seed >>> 0
  }

  async play(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      const kind = this.#below(12)
      if (kind < 2) await this.#comeOrGo()
      else if (kind < 4) await this.#adopt()
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
    for (const { ref } of changes) this.#busy.add(ref)
    await this.store.commit(topic, changes)
    this.#busy.clear()
    const isMine = ({ ref }: Presence) => ref.startsWith(`${this.#name}-`) && !this.#given.has(ref)
    const seen = this.feed?.presences.filter(isMine)
    const held = byRef([...this.own.values()].filter(isMine))
    if (seen) assert.deepEqual(seen, held, 'A commit resolves after its own feed.')
  }

  /** Adopts a presence of another node, or one of its own. */
  async #adopt(): Promise<void> {
    const from = this.#all[this.#below(this.#all.length)] as Part
    const free = [...from.own.values()].filter(({ ref }) => !from.#busy.has(ref))
    const one = free[this.#below(free.length)]
    if (!one) return
    from.own.delete(one.ref)
    const maker = this.#all.find((part) => one.ref.startsWith(`${part.#name}-`))
    if (maker) maker.#given.add(one.ref)
    assert.deepEqual(await this.store.adopt(topic, ownerOf(one.ref)), one)
    if (maker) maker.#lost.add(one.ref)
    this.own.set(one.ref, one)
  }

  /** Creates a change of a presence that this commit does not change yet, or of a new one. */
  #change(earlier: readonly Change[]): Change {
    const lost = [...this.#lost].filter((ref) => !this.own.has(ref))
    // A change of a presence that another node holds must have no effect.
    const gone = lost[this.#below(lost.length * 8)]
    if (gone !== undefined) return { op: 'drop', ref: gone, reason: 'left' }
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
    return { op: 'put', ...presence, owner: ownerOf(presence.ref) }
  }

  /** Returns the next pseudo-random integer below `bound` (the linear congruential generator of Numerical Recipes). */
  #below(bound: number): number {
    this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#chance / 2 ** 32) * bound)
  }
}

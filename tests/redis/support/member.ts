import { setTimeout as pause } from 'node:timers/promises'
import {
  type Change,
  type Logger,
  type NodeEvents,
  RedisStore,
  type RedisStoreOptions,
} from '@rollcall/server'
import type { LeaveReason, Presence } from '@rollcall/shared-protocol'
import { expect, onTestFinished } from 'vitest'
import { WitnessFeed } from './witness-feed'

export const topic = 'room:outage'

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A node as a server has it: it commits again what the store did not take, and follows the topic. */
export class Member implements NodeEvents {
  readonly store: RedisStore
  readonly feed = new WitnessFeed()
  /** What this node means to hold. */
  readonly own = new Map<string, Presence>()
  readonly taken: string[] = []
  readonly reachable: boolean[] = []
  readonly name: string
  #refs = 0

  private constructor(name: string, options: RedisStoreOptions) {
    this.name = name
    this.store = new RedisStore({ leaseTtlMs: 1500, logger: silent, ...options })
    onTestFinished(() => this.store.close())
    this.store.connect(this)
  }

  static async start(name: string, options: RedisStoreOptions): Promise<Member> {
    const member = new Member(name, options)
    await member.store.subscribe(topic, member.feed)
    return member
  }

  onSessionClaimed(id: string): void {
    this.taken.push(id)
  }

  onReachable(isReachable: boolean): void {
    this.reachable.push(isReachable)
  }

  join(key = this.name): Promise<string> {
    const ref = `${this.name}-${this.#refs++}`
    const presence = { ref, key, meta: { n: 0 }, rev: 0 }
    this.own.set(ref, presence)
    return this.#commit({ op: 'put', ...presence, owner: `of ${ref}` }).then(() => ref)
  }

  async update(ref: string): Promise<void> {
    const held = this.own.get(ref)
    if (!held) throw new Error(`${ref} is not there`)
    const presence = { ...held, rev: held.rev + 1, meta: { n: held.rev + 1 } }
    this.own.set(ref, presence)
    await this.#commit({ op: 'put', ...presence, owner: `of ${ref}` })
  }

  async leave(ref: string, reason: LeaveReason = 'left'): Promise<void> {
    this.own.delete(ref)
    await this.#commit({ op: 'drop', ref, reason })
  }

  /** Until the store takes it, as the hub of a topic does. */
  async #commit(change: Change): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.store.commit(topic, [change])
        return
      } catch (error) {
        if (tries === 100) throw error
        await pause(50)
      }
    }
  }
}

/** What all of them mean to hold, together. */
export function meant(...members: readonly Member[]): Presence[] {
  return members.flatMap(({ own }) => [...own.values()]).sort((a, b) => (a.ref < b.ref ? -1 : 1))
}

/** All feeds hold what all nodes mean to hold, soon; and nothing was told that a store may not tell. */
export async function converge(members: readonly Member[], withinMs = 5000): Promise<void> {
  await soon(() => {
    for (const { feed } of members) expect(feed.presences).toEqual(meant(...members))
  }, withinMs)
  for (const { feed } of members) expect(feed.problems).toEqual([])
}

/** Waits until it throws no more; what it throws when the time is up is the failure. */
export async function soon(check: () => void | Promise<void>, withinMs = 5000): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
    }
    await pause(10)
  }
}

/** The refs that any of the feeds was told as gone, each once. */
export function toldAsGone(members: readonly Member[]): string[] {
  return [...new Set(members.flatMap(({ feed }) => feed.leaves.map(({ ref }) => ref)))].sort()
}

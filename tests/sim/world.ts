import { findGhosts, findStrayMaps } from './rest'
import { CLIENT_TIMES, SimClient, type SimClientContext, SimStorage } from './sim-client'
import { SimCluster } from './sim-cluster'
import type { SimLink } from './sim-link'
import { SimTime } from './sim-time'
import type { Witness } from './witness'

/*
 * Servers, some pages and the network between them, all in virtual time, and the model of who should be where.
 */

export const SERVER_TIMES = {
  heartbeat: { pingIntervalMs: 1000, pongTimeoutMs: 500 },
  grace: { graceMs: 2000, pageGraceMs: 600 },
  flush: { floorMs: 5, ceilingMs: 100 },
} as const

/** A process that was lost is noticed no sooner than a client that was: who comes back in time was never away. */
const CLUSTER_TIMES = { leaseMs: SERVER_TIMES.grace.graceMs, drainMs: 300, closeTimeoutMs: 400 } as const

/** Most that a change waits for a store that has just come back. */
const STORE_RETRY_MS = 250

/** By when a dead peer is gone from the server's registry: the published bound, one flush, and a store that was away. */
export const GHOST_BOUND_MS =
  SERVER_TIMES.heartbeat.pingIntervalMs +
  SERVER_TIMES.heartbeat.pongTimeoutMs +
  SERVER_TIMES.grace.graceMs +
  SERVER_TIMES.flush.ceilingMs +
  STORE_RETRY_MS

/** By when everybody who wants to be there is back, after the network is whole again. */
const RECOVERY_MS =
  2 * (CLIENT_TIMES.heartbeatIntervalMs + CLIENT_TIMES.heartbeatTimeoutMs) +
  4 * (CLIENT_TIMES.timeoutMs + CLIENT_TIMES.backoff.capMs) +
  SERVER_TIMES.grace.graceMs

export const TOPICS = ['room:a', 'room:b'] as const
export const KEYS = ['ada', 'bob', '__proto__'] as const
const SLOTS = 5

export class World {
  readonly time = new SimTime()
  readonly violations: string[] = []
  readonly #random: () => number
  readonly #slots: (SimClient | null)[] = Array.from({ length: SLOTS }, () => null)
  /** Pages that have gone, whose last words may be on the way. */
  readonly #gone: SimClient[] = []
  readonly cluster: SimCluster
  #stays = 0

  /** `nodes`: servers that share a store; 0 for one with a store of its own. */
  constructor(seed: number, nodes = 0) {
    this.#random = mulberry32(seed)
    const { time } = this
    const options = {
      ...SERVER_TIMES,
      handlerTimeoutMs: 1000,
      resumeTimeoutMs: 500,
      history: { maxDiffs: 4 },
    }
    const context = { time, random: this.#random, options, links: () => this.#links() }
    this.cluster = new SimCluster(nodes, context, CLUSTER_TIMES)
  }

  get clients(): readonly SimClient[] {
    return this.#slots.filter((client) => client !== null)
  }

  at(slot: number): SimClient | null {
    return this.#slots[slot % SLOTS] ?? null
  }

  open(slot: number, key: string, storage = new SimStorage()): SimClient | null {
    if (this.at(slot)) return null
    const client = new SimClient(`#${slot % SLOTS}`, key, storage, this.#clientContext())
    this.#slots[slot % SLOTS] = client
    return client
  }

  close(slot: number): void {
    this.at(slot)?.close()
    this.#retire(slot)
  }

  /** The page is loaded anew: what its program remembers is gone, what its tab stored is not. */
  refresh(slot: number): void {
    const page = this.at(slot)
    if (!page) return
    page.leavePage()
    this.#retire(slot)
    this.open(slot, page.key, page.storage)?.inherit(page, SERVER_TIMES.grace.pageGraceMs)
  }

  /** A tab is duplicated, and with it the token in its storage. */
  duplicateTab(slot: number, into: number): void {
    const page = this.at(slot)
    if (!page || this.at(into)) return
    page.loseSession()
    const twin = this.open(into, page.key, page.storage.copy())
    for (const [topic, { n }] of page.intents) twin?.join(topic, n ?? 0)
  }

  /** Moves some of what is on the way; each choice picks one of the ways on which something is. */
  async deliver(choices: readonly number[]): Promise<void> {
    for (const choice of choices) {
      const ways = this.#ways()
      const way = ways[choice % ways.length]
      if (!way) return
      way()
      await this.time.advance(0)
    }
    this.observe()
  }

  async deliverAll(): Promise<void> {
    for (let ways = this.#ways(); ways.length > 0; ways = this.#ways()) {
      for (const way of ways) way()
      await this.time.advance(0)
    }
    this.observe()
  }

  async wait(ms: number): Promise<void> {
    const step = 50
    for (let left = ms; left > 0; left -= step) {
      await this.time.advance(Math.min(step, left))
      this.observe()
    }
  }

  /** Everything is delivered, and time passes, until all that waits has come to its end; then the laws of rest. */
  async quiet(): Promise<void> {
    await this.cluster.comeBack()
    await this.#calm(GHOST_BOUND_MS)
    await this.#check(findGhosts)
    await this.#calm(RECOVERY_MS)
    await this.#check(findStrayMaps)
  }

  observe(): void {
    for (const client of this.clients) client.observe()
    for (const topic of TOPICS) for (const key of KEYS) this.#see(topic, key)
  }

  #see(topic: string, key: string): void {
    const pages = this.clients.filter((page) => page.key === key && page.channel(topic)?.status === 'joined')
    const intents = pages.flatMap(({ intents }) => intents.get(topic) ?? [])
    // Of who came only now, others may not have been told yet, and show who left before.
    const toldByMs = this.time.nowMs - 2 * SERVER_TIMES.flush.ceilingMs
    if (intents.some(({ presentSinceMs }) => presentSinceMs > toldByMs)) return
    const stays = intents.map(({ stay }) => stay)
    for (const { witnesses, link } of this.clients) {
      if (link?.stalledSinceMs === null) witnesses.get(topic)?.see(key, stays)
    }
  }

  /** Ends everything, so that no timer of this world is left. */
  async end(): Promise<void> {
    this.cluster.end()
    for (const client of [...this.clients, ...this.#gone]) client.process.end()
  }

  async #calm(ms: number): Promise<void> {
    const step = 50
    for (let left = ms; left > 0; left -= step) {
      await this.deliverAll()
      await this.time.advance(step)
    }
    await this.deliverAll()
  }

  async #check(find: typeof findGhosts): Promise<void> {
    for (const topic of TOPICS) {
      const listed = this.cluster.lists(topic)
      void this.time.advance(0)
      for (const list of await listed) {
        const held = list.map(({ key, meta }) => ({ key, meta: { n: Number(meta.n) } }))
        for (const violation of find({ topic, held, clients: this.clients })) this.#report(violation)
      }
    }
  }

  /** Whether a leave of this key is no false one: nobody of it wants to be here, or one was away for too long. */
  #mayBeGone(key: string, topic: string, { seen }: Witness): boolean {
    const { nowMs } = this.time
    const pages = this.clients.filter((client) => {
      const intent = client.intents.get(topic)
      return client.key === key && intent?.isPresent && seen.has(intent.stay)
    })
    if (pages.length === 0) return true
    // What was true when the server decided may have taken a while to arrive.
    const horizonMs = nowMs - 2 * RECOVERY_MS
    return pages.every((page) => page.wasAwaySince(horizonMs))
  }

  #clientContext(): SimClientContext {
    return {
      time: this.time,
      random: this.#random,
      graceMs: SERVER_TIMES.grace.graceMs,
      host: () => this.cluster.choose(),
      report: (violation) => this.#report(violation),
      mintStay: () => this.#stays++,
      mayBeGone: (key, topic, witness) => this.#mayBeGone(key, topic, witness),
    }
  }

  #retire(slot: number): void {
    const client = this.at(slot)
    if (!client) return
    this.#gone.push(client)
    this.#slots[slot % SLOTS] = null
  }

  #links(): SimLink[] {
    return [...this.clients, ...this.#gone].flatMap(({ links }) => links).filter(({ isOver }) => !isOver)
  }

  #ways(): (() => void)[] {
    const ways: (() => void)[] = []
    for (const link of this.#links()) {
      const { toServer, toClient } = link.waiting
      if (toServer > 0) ways.push(() => void link.moveToServer())
      if (toClient > 0) ways.push(() => void link.moveToClient())
    }
    return ways
  }

  #report(violation: string): void {
    this.violations.push(`at ${this.time.nowMs} ms: ${violation}`)
  }
}

/** A small seeded generator (Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

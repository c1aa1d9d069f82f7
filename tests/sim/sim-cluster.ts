import { PresenceNode } from '../../packages/server/src/node'
import type { ResolvedServerOptions, ServerOptions } from '../../packages/server/src/options'
import { resolveServerOptions } from '../../packages/server/src/resolve-options'
import { MemoryStore, MemoryStoreState } from '../../packages/server/src/store/memory/memory-store'
import type { SimHost, SimLink } from './sim-link'
import { SimStore } from './sim-store'
import { ProcessTime, type SimTime } from './sim-time'

/*
 * The processes at the servers' end: one with a store of its own, or several that share one. Each can be lost, and
 * those that share can be drained; another process takes its place.
 */

export interface ClusterContext {
  readonly time: SimTime
  readonly random: () => number
  readonly options: ServerOptions
  /** Connections that are not over. */
  readonly links: () => readonly SimLink[]
}

export interface ClusterTimes {
  /** By when a process that was lost is noticed by the others. */
  readonly leaseMs: number
  /** Over which a process is drained. */
  readonly drainMs: number
  /** How long one that drains waits for its peers in the end. */
  readonly closeTimeoutMs: number
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

class SimNode implements SimHost {
  readonly node: PresenceNode
  readonly time: ProcessTime
  readonly store: SimStore | null

  constructor(time: ProcessTime, options: ResolvedServerOptions, store: SimStore | null) {
    this.time = time
    this.store = store
    this.node = new PresenceNode(options, () => 'development')
    this.node.start()
  }

  admit: SimHost['admit'] = (request) => this.node.admit(request)
}

export class SimCluster {
  readonly #context: ClusterContext
  readonly #times: ClusterTimes
  readonly #storeTime: ProcessTime
  /** Null where the one process has a store of its own. */
  readonly #state: MemoryStoreState | null
  readonly #nodes: SimNode[] = []
  readonly #draining = new Set<SimNode>()
  /** What would have been noticed, had the store not been away. */
  readonly #unnoticed: (() => void)[] = []
  #isAway = false
  #outage = 0
  #incarnations = 0

  /** `size` 0: one process with a store of its own. */
  constructor(size: number, context: ClusterContext, times: ClusterTimes) {
    this.#context = context
    this.#times = times
    this.#storeTime = new ProcessTime(context.time)
    this.#state = size === 0 ? null : new MemoryStoreState('shared-', { clock: this.#storeTime.asServer() })
    for (let at = 0; at < Math.max(1, size); at++) this.#nodes.push(this.#start())
  }

  /** Where a client's connection goes. */
  choose(): SimHost {
    const { length } = this.#nodes
    return this.#nodes[length === 1 ? 0 : Math.floor(this.#context.random() * length)] as SimNode
  }

  /** Who is present, by each process that serves. */
  async lists(topic: string) {
    return Promise.all(this.#nodes.map(({ node }) => node.registry.list(topic)))
  }

  /** A process dies with all that it held, and another one starts in its place. */
  crash(at: number): void {
    const lost = this.#nodes[at % this.#nodes.length] as SimNode
    this.#bury(lost)
    this.#nodes[this.#nodes.indexOf(lost)] = this.#start()
  }

  /** A process sends its clients elsewhere and ends, while another one has its place already. */
  drain(at: number): void {
    const old = this.#nodes[at % this.#nodes.length] as SimNode
    if (!old.store) return this.crash(at)
    this.#nodes[this.#nodes.indexOf(old)] = this.#start()
    this.#draining.add(old)
    const { drainMs, closeTimeoutMs } = this.#times
    void old.node
      .drain(drainMs)
      .then(() => old.node.close())
      .then(() => this.#end(old))
    // Peers that do not answer are not waited for, nor is a store that is away.
    this.#context.time.after(drainMs + closeTimeoutMs, () => {
      for (const link of this.#linksOf(old)) link.closeTimedOut()
    })
    this.#context.time.after(drainMs + 3 * closeTimeoutMs, () => {
      if (this.#draining.has(old)) this.#bury(old)
    })
  }

  /** The store cannot be reached for a while; of the last that each process asked, the answer may be lost. */
  goAway(ms: number, losesAnswer: boolean): void {
    if (!this.#state || this.#isAway) return
    this.#isAway = true
    const outage = ++this.#outage
    for (const { store } of this.#all()) store?.goAway(losesAnswer)
    this.#context.time.after(ms, () => {
      if (outage === this.#outage) void this.comeBack()
    })
  }

  async comeBack(): Promise<void> {
    if (!this.#isAway) return
    this.#isAway = false
    this.#outage++
    for (const notice of this.#unnoticed.splice(0)) notice()
    for (const { store } of this.#all()) await store?.comeBack()
  }

  end(): void {
    this.#storeTime.end()
    for (const { time } of this.#all()) time.end()
  }

  #all(): SimNode[] {
    return [...this.#nodes, ...this.#draining]
  }

  #linksOf(host: SimNode): SimLink[] {
    return this.#context.links().filter(({ servedBy }) => servedBy === host)
  }

  /** Its process is gone without a word. */
  #bury(lost: SimNode): void {
    this.#draining.delete(lost)
    lost.time.end()
    for (const link of this.#linksOf(lost)) link.serverDied()
    const memory = lost.store?.memory
    if (!memory) return
    memory.crash()
    this.#context.time.after(this.#times.leaseMs, () => {
      const notice = () => this.#state?.lose(memory)
      if (this.#isAway) this.#unnoticed.push(notice)
      else notice()
    })
  }

  /** Its process ends as it should, or without having reached the store. */
  #end(old: SimNode): void {
    if (!this.#draining.has(old)) return
    if (!old.store?.isHandedOver) return this.#bury(old)
    this.#draining.delete(old)
    old.time.end()
    void old.store.close()
  }

  #start(): SimNode {
    const incarnation = ++this.#incarnations
    const time = new ProcessTime(this.#context.time)
    let ids = 0
    const store = this.#state && new SimStore(new MemoryStore(this.#state))
    if (this.#isAway) store?.goAway(false)
    const { closeTimeoutMs } = this.#times
    const options = resolveServerOptions({
      ...this.#context.options,
      ...(store ? { store, closeTimeoutMs } : {}),
      clock: time.asServer(),
      random: { id: (bytes) => `${incarnation}x${(ids++).toString(36)}x${bytes}` },
      logger: silent,
    })
    return new SimNode(time, options, store)
  }
}

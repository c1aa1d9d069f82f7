import { type Channel, Socket } from '@rollcall/client'
import { openThrough, type SimHost, type SimLink } from './sim-link'
import { ProcessTime, type SimTime } from './sim-time'
import { Witness } from './witness'

/** What a client wants, as the model knows it. */
export interface Intent {
  /** The `n` of its meta; null where an update failed, so that nobody can say which one counts. */
  n: number | null
  /** Whether the server has let it in since it wants to be there. */
  isPresent: boolean
  /** Since when; whoever looks may learn of it later. */
  presentSinceMs: number
  /** Names this stay: the same for the pages of one tab, another one after a leave. */
  stay: number
}

/** A tab's storage; a refreshed page finds it again, a duplicated tab has a copy. */
export class SimStorage {
  readonly #items = new Map<string, string>()

  getItem(name: string): string | null {
    return this.#items.get(name) ?? null
  }

  setItem(name: string, value: string): void {
    this.#items.set(name, value)
  }

  removeItem(name: string): void {
    this.#items.delete(name)
  }

  copy(): SimStorage {
    const copy = new SimStorage()
    for (const [name, value] of this.#items) copy.setItem(name, value)
    return copy
  }
}

export interface SimClientContext {
  readonly time: SimTime
  readonly host: () => SimHost | null
  readonly random: () => number
  readonly graceMs: number
  readonly mintStay: () => number
  readonly report: (violation: string) => void
  /** Whether somebody of this key may be missing by now, as far as the law of grace goes. */
  readonly mayBeGone: (key: string, topic: string, witness: Witness) => boolean
}

/** Options that make a schedule short: everything that waits waits a second or two. */
export const CLIENT_TIMES = {
  timeoutMs: 1500,
  connectTimeoutMs: 1500,
  heartbeatIntervalMs: 1000,
  heartbeatTimeoutMs: 500,
  updateIntervalMs: 50,
  backoff: { baseMs: 200, capMs: 1000 },
} as const

/** One page: a real `Socket` on a simulated network, and what it is meant to do. */
export class SimClient {
  readonly name: string
  readonly key: string
  readonly storage: SimStorage
  readonly links: SimLink[] = []
  readonly intents = new Map<string, Intent>()
  readonly witnesses = new Map<string, Witness>()
  readonly process: ProcessTime
  readonly #context: SimClientContext
  readonly #socket: Socket
  /** Since when its presences were nobody's business any more: it left, closed, or was never there. */
  #lostSinceMs: number | null
  #graceMs: number
  /** When an absence of it last was as long as the grace. */
  #excusedAtMs = Number.NEGATIVE_INFINITY
  isAlive = true

  constructor(name: string, key: string, storage: SimStorage, context: SimClientContext) {
    this.name = name
    this.key = key
    this.storage = storage
    this.#context = context
    this.process = new ProcessTime(context.time)
    this.#lostSinceMs = context.time.nowMs
    this.#graceMs = context.graceMs
    this.#socket = new Socket('ws://sim/socket', {
      ...CLIENT_TIMES,
      params: { user_id: key },
      sessionStorage: storage,
      clock: this.process.asClient(),
      random: context.random,
      transport: openThrough(this.links, context.host, () => context.time.nowMs),

      networkHints: { isOnline: () => true, watch: () => () => {} },
    })
    this.#socket.connect()
  }

  get link(): SimLink | null {
    return this.links.at(-1) ?? null
  }

  channel(topic: string): Channel<{ n: number }> | null {
    return (
      (this.#socket.channels.find((channel) => channel.topic === topic) as
        | Channel<{ n: number }>
        | undefined) ?? null
    )
  }

  join(topic: string, n: number): void {
    if (this.intents.has(topic)) return
    this.intents.set(topic, {
      n,
      isPresent: false,
      presentSinceMs: 0,
      stay: this.#context.mintStay(),
    })
    const channel = this.#socket.channel<{ n: number }>(topic, { meta: { n } })
    this.witnesses.set(topic, new Witness(this.name, channel, this.#context))
    channel.join().catch(ignore)
  }

  leave(topic: string): void {
    const channel = this.channel(topic)
    if (!this.intents.delete(topic) || !channel) return
    this.witnesses.get(topic)?.stop()
    this.witnesses.delete(topic)
    void channel.leave()
  }

  update(topic: string, n: number): void {
    const intent = this.intents.get(topic)
    const channel = this.channel(topic)
    if (!intent || !channel) return
    intent.n = n
    channel.presence.update({ n }).catch(() => {
      intent.n = null
    })
  }

  /** Says goodbye. */
  close(): void {
    this.isAlive = false
    this.intents.clear()
    void this.#socket.disconnect()
  }

  /** The page goes away without its program having a say. */
  leavePage(): void {
    this.isAlive = false
    this.process.end()
    for (const link of this.links) link.leavePage()
  }

  /** Takes over what an earlier page of the same tab had, which the server keeps for `graceMs`. */
  inherit(page: SimClient, graceMs: number): void {
    this.#graceMs = graceMs
    // The absence began with whatever kept the page before from being there.
    this.#lostSinceMs = page.#lostSinceMs ?? this.#lostSinceMs
    this.#excusedAtMs = page.#excusedAtMs
    for (const [topic, { n, isPresent, stay }] of page.intents) {
      this.join(topic, n ?? 0)
      const intent = this.intents.get(topic)
      if (intent) Object.assign(intent, { isPresent, stay })
    }
  }

  /** Its session is about to be taken over by a copy of its tab, which may do with its presence what it likes. */
  loseSession(): void {
    this.#excusedAtMs = this.#context.time.nowMs
  }

  /** Whether it was out of reach for as long as the grace, at any time since then. */
  wasAwaySince(ms: number): boolean {
    this.#excuse()
    return this.#excusedAtMs >= ms
  }

  /** To be called after every step: keeps count of how long it has been out of reach. */
  observe(): void {
    const { nowMs } = this.#context.time
    const { link } = this
    // Back is who has joined again, not who is about to.
    const hasJoined = [...this.intents].every(
      ([topic, { isPresent }]) => !isPresent || this.channel(topic)?.status === 'joined',
    )
    const isReachable = link?.isUp === true && this.#socket.status === 'open' && hasJoined
    const stalledMs = link?.stalledSinceMs ?? null
    if (isReachable && stalledMs === null) {
      this.#lostSinceMs = null
      this.#graceMs = this.#context.graceMs
    } else this.#lostSinceMs ??= stalledMs ?? nowMs
    this.#excuse()
    for (const [topic, intent] of this.intents) {
      if (intent.isPresent || this.channel(topic)?.status !== 'joined') continue
      intent.isPresent = true
      intent.presentSinceMs = nowMs
    }
    for (const witness of this.witnesses.values()) witness.checkShadow()
  }

  #excuse(): void {
    const { nowMs } = this.#context.time
    if (this.#lostSinceMs !== null && nowMs - this.#lostSinceMs >= this.#graceMs) this.#excusedAtMs = nowMs
  }
}

function ignore(): void {}

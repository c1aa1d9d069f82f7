import type { Topic } from '@rollcall/shared-protocol'
import type { Timer } from '../../io/clock'
import type { Reaper } from './reaper'
import type { RedisLink } from './redis-link'
import type { ResolvedRedisStoreOptions } from './redis-options'
import type { RedisSessions } from './redis-sessions'
import type { RedisTopic } from './redis-topic'

/** Sessions are saved again after this share of their time to live. */
const SESSION_SHARE = 1 / 4
/** A pulse comes up to this share of its interval early, so that not all nodes send theirs at once. */
const JITTER = 0.2

/** Three times per lease: renews the lease, probes the connection, refreshes sessions and sweeps dead nodes. */
export class RedisPulse {
  readonly #link: RedisLink
  readonly #sessions: RedisSessions
  readonly #reaper: Reaper
  readonly #topics: ReadonlyMap<Topic, RedisTopic>
  readonly #options: ResolvedRedisStoreOptions
  #timer: Timer | null = null
  #sessionsDueMs = 0

  constructor(
    link: RedisLink,
    sessions: RedisSessions,
    reaper: Reaper,
    topics: ReadonlyMap<Topic, RedisTopic>,
    options: ResolvedRedisStoreOptions,
  ) {
    this.#link = link
    this.#sessions = sessions
    this.#reaper = reaper
    this.#topics = topics
    this.#options = options
  }

  /** Schedules the next pulse. No effect after a handoff: the lease then has to run out. */
  start(): void {
    if (this.#link.lease.isHandedOff) return
    const { clock, random, leaseTtlMs } = this.#options
    const chance = (Number.parseInt(random.id(4), 36) % 1000) / 1000
    this.#timer?.cancel()
    this.#timer = clock.after((leaseTtlMs / 3) * (1 - JITTER * chance), () => {
      this.start()
      void this.#beat()
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  async #beat(): Promise<void> {
    const { clock, logger: log, sessionTtlMs } = this.#options
    const { lease, port } = this.#link
    if (!this.#link.isUp) return
    try {
      if (!(await lease.renew())) {
        // A recovery that is under way notices by itself: Redis refuses its commands.
        if (this.#link.isLive && !lease.isHandedOff) this.#link.dispatch({ kind: 'gone' })
        return
      }
      if (!this.#link.isLive) return
      await port.probe()
      if (clock.now() >= this.#sessionsDueMs) {
        this.#sessionsDueMs = clock.now() + sessionTtlMs * SESSION_SHARE
        await this.#sessions.restore()
      }
      if (lease.isStable) await this.#reaper.sweep(lease.id, this.#holders())
    } catch (error) {
      // The port reports an outage by itself.
      log.debug({ err: error }, 'could not renew the lease or sweep dead nodes')
    }
  }

  /** The nodes that hold presences in this node's topics. */
  #holders(): Set<string> {
    const nodes = new Set<string>()
    for (const topic of this.#topics.values()) for (const node of topic.nodes()) nodes.add(node)
    return nodes
  }
}

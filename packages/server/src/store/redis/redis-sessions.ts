import { forEachLimited } from '../../async/concurrency-limit'
import type { Logger } from '../../log'
import type { SessionEntry, SessionStore, StoredSession } from '../store'
import type { Keys } from './keys'
import type { Lease } from './lease'
import type { RedisPort } from './redis-port'
import { PUBLISH } from './scripts/lease'
import { CLAIM, FORGET, READ_SESSION, readStoredText, SAVE } from './scripts/session'

export interface RedisSessionsContext {
  readonly run: RedisPort['run']
  /** Resolves once this node may be heard; rejects where that is not to be soon. */
  readonly ready: () => Promise<void>
  readonly keys: Keys
  readonly lease: Lease
  readonly log: Logger
  readonly publish: 'PUBLISH' | 'SPUBLISH'
  /** Milliseconds that a session is kept without a word from its holder. */
  readonly ttlMs: number
  /** Another node has claimed a session that this one held. */
  readonly onClaimed: (id: string) => void
}

interface Held {
  readonly session: StoredSession
  readonly version: number
}

/** Sessions looked after at a time. */
const WIDTH = 16
/** Sessions that ended while Redis was away, and are still to be forgotten there. Past it they lapse by themselves. */
const MAX_OVER = 10_000

/** What nodes tell each other of sessions, through the channel of the one that is concerned. */
interface TakenText {
  readonly taken: string
  readonly version: number
}

export class RedisSessions implements SessionStore {
  readonly #context: RedisSessionsContext
  readonly #held = new Map<string, Held>()
  readonly #over = new Set<string>()

  constructor(context: RedisSessionsContext) {
    this.#context = context
  }

  async save(session: StoredSession): Promise<void> {
    const held = this.#held.get(session.id)
    // Before it is sent: should Redis be away, it is saved on return.
    this.#held.set(session.id, { session, version: held?.version ?? 0 })
    await this.#context.ready()
    await this.#save(session, true, held !== undefined)
  }

  async read(id: string): Promise<SessionEntry | null> {
    const { run, keys, ready } = this.#context
    await ready()
    const stored = readStoredText(await run(READ_SESSION, [keys.session(id)], []))
    return stored && { session: JSON.parse(stored.text), version: stored.version }
  }

  async claim(session: StoredSession, version: number): Promise<boolean> {
    const { run, keys, lease, ttlMs, publish, log, ready } = this.#context
    const { id } = session
    await ready()
    const args = [String(ttlMs), JSON.stringify(session), String(version), lease.id]
    const [holder] = (await run(CLAIM, [keys.session(id)], args)) as (string | undefined)[]
    if (holder === undefined) return false
    this.#held.set(id, { session, version: version + 1 })
    if (holder !== lease.id && !lease.former.includes(holder)) {
      const text: TakenText = { taken: id, version: version + 1 }
      try {
        await run(PUBLISH, [keys.nodeChannel(holder)], [publish, JSON.stringify(text)])
      } catch (error) {
        log.warn(
          { err: error, node: holder },
          'a node was not told of a session that it held; it will find out',
        )
      }
    }
    return true
  }

  async forget(id: string): Promise<void> {
    this.#held.delete(id)
    if (this.#over.size < MAX_OVER) this.#over.add(id)
    await this.#context.ready()
    await this.#forget(id)
  }

  /** What another node said in this node's channel. */
  onMessage(text: string): void {
    const { taken, version } = JSON.parse(text) as TakenText
    const held = this.#held.get(taken)
    // It was claimed back since.
    if (held && held.version <= version) this.#lose(taken)
  }

  /** Tells Redis again what this node holds, where it may have lost it or somebody else has claimed it. */
  async restore(): Promise<void> {
    await forEachLimited([...this.#over], WIDTH, (id) => this.#forget(id))
    await forEachLimited([...this.#held.keys()], WIDTH, async (id) => {
      const held = this.#held.get(id)
      if (held) await this.#save(held.session, false, true)
    })
  }

  async #save(session: StoredSession, isChanged: boolean, wasHeld: boolean): Promise<void> {
    const { run, keys, lease, ttlMs } = this.#context
    const { id } = session
    const args = [String(ttlMs), JSON.stringify(session), isChanged ? '1' : '0', lease.id, ...lease.former]
    const version = (await run(SAVE, [keys.session(id)], args)) as number
    const held = this.#held.get(id)
    if (version > 0) {
      if (held) this.#held.set(id, { session: held.session, version })
    } else if (wasHeld) this.#lose(id)
    else this.#held.delete(id)
  }

  async #forget(id: string): Promise<void> {
    const { run, keys, lease, ttlMs } = this.#context
    await run(FORGET, [keys.session(id)], [String(ttlMs), lease.id, ...lease.former])
    this.#over.delete(id)
  }

  #lose(id: string): void {
    if (this.#held.delete(id)) this.#context.onClaimed(id)
  }
}

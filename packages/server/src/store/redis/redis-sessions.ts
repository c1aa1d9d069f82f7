import { forEachLimited } from '../../async/concurrency-limit'
import type { Logger } from '../../log'
import type { SessionEntry, SessionStore, StoredSession } from '../store'
import { isCount, isText, parseJsonObject } from './checked-json'
import type { RedisLink } from './redis-link'
import { countIn, textsIn } from './redis-reply'
import { CLAIM, FORGET, READ_SESSION, readStoredText, SAVE } from './scripts/session'
import { parseStoredSession } from './stored-session'
import { PUBLISH } from './topic-message'

/** Sessions that are sent at the same time. */
const MAX_CONCURRENT_SESSIONS = 16
/** Ended sessions that wait to be forgotten while Redis is down. Redis expires the others by itself. */
const MAX_ENDED = 10_000

/** Tells a node, in its own channel, that another node has claimed one of its sessions. */
interface ClaimedText {
  readonly taken: string
  readonly version: number
}

/** The sessions that this node holds in Redis. */
export class RedisSessions implements SessionStore {
  readonly #link: RedisLink
  readonly #log: Logger
  readonly #ttlMs: number
  readonly #onClaimed: (id: string) => void
  readonly #held = new Map<string, SessionEntry>()
  readonly #ended = new Set<string>()

  /**
   * @param ttlMs milliseconds that Redis keeps a session which its holder does not save again
   * @param onClaimed called when another node has claimed a session of this node
   */
  constructor(link: RedisLink, log: Logger, ttlMs: number, onClaimed: (id: string) => void) {
    this.#link = link
    this.#log = log
    this.#ttlMs = ttlMs
    this.#onClaimed = onClaimed
  }

  async save(session: StoredSession): Promise<void> {
    const held = this.#held.get(session.id)
    // Recorded before it is sent: if Redis is down, the recovery saves it.
    this.#held.set(session.id, { session, version: held?.version ?? 0 })
    await this.#link.whenReady()
    await this.#save(session, true, held !== undefined)
  }

  async read(id: string): Promise<SessionEntry | null> {
    const { port, keys } = this.#link
    await this.#link.whenReady()
    const stored = readStoredText(await port.run(READ_SESSION, [keys.session(id)], []))
    const session = stored && parseStoredSession(stored.text)
    return session && { session, version: stored.version }
  }

  async claim(session: StoredSession, version: number): Promise<boolean> {
    const { port, keys, lease, publishCommand } = this.#link
    const { id } = session
    await this.#link.whenReady()
    const args = [String(this.#ttlMs), JSON.stringify(session), String(version), lease.id]
    const [holder] = textsIn(await port.run(CLAIM, [keys.session(id)], args), 'a holder')
    if (holder === undefined) return false
    this.#held.set(id, { session, version: version + 1 })
    if (holder !== lease.id && !lease.former.includes(holder)) {
      const text: ClaimedText = { taken: id, version: version + 1 }
      try {
        await port.run(PUBLISH, [keys.nodeChannel(holder)], [publishCommand, JSON.stringify(text)])
      } catch (error) {
        this.#log.warn(
          { err: error, node: holder, sessionId: id },
          'claimed a session but could not notify the node that held it; that node notices when it next saves the session',
        )
      }
    }
    return true
  }

  async forget(id: string): Promise<void> {
    this.#held.delete(id)
    if (this.#ended.size < MAX_ENDED) this.#ended.add(id)
    await this.#link.whenReady()
    await this.#forget(id)
  }

  /** A message in this node's own channel. Returns false for one that this version does not write. */
  onMessage(text: string): boolean {
    const { taken, version } = parseJsonObject(text) ?? {}
    if (!isText(taken) || !isCount(version)) return false
    const held = this.#held.get(taken)
    // A higher version means that this node has claimed the session back.
    if (held && held.version <= version) this.#release(taken)
    return true
  }

  /** Saves every held session again, and releases those that another node has claimed meanwhile. */
  async restore(): Promise<void> {
    await forEachLimited([...this.#ended], MAX_CONCURRENT_SESSIONS, (id) => this.#forget(id))
    await forEachLimited([...this.#held.keys()], MAX_CONCURRENT_SESSIONS, async (id) => {
      const held = this.#held.get(id)
      if (held) await this.#save(held.session, false, true)
    })
  }

  async #save(session: StoredSession, isChanged: boolean, wasHeld: boolean): Promise<void> {
    const { port, keys, lease } = this.#link
    const { id } = session
    const change = isChanged ? '1' : '0'
    const args = [String(this.#ttlMs), JSON.stringify(session), change, lease.id, ...lease.former]
    const version = countIn(await port.run(SAVE, [keys.session(id)], args), 'a version')
    const held = this.#held.get(id)
    if (version > 0) {
      if (held) this.#held.set(id, { session: held.session, version })
    } else if (wasHeld) this.#release(id)
    else this.#held.delete(id)
  }

  async #forget(id: string): Promise<void> {
    const { port, keys, lease } = this.#link
    await port.run(FORGET, [keys.session(id)], [String(this.#ttlMs), lease.id, ...lease.former])
    this.#ended.delete(id)
  }

  #release(id: string): void {
    if (this.#held.delete(id)) this.#onClaimed(id)
  }
}

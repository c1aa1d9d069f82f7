import type { Position } from '@rollcall/shared-protocol'
import type { Clock } from '../../io/clock'
import { PacedReport } from './channel-listener'
import type { FeedSequencer } from './feed-sequencer'
import type { RedisLink } from './redis-link'
import { type RedisReply, ScriptRefusal } from './redis-port'
import { readSnapshot } from './scripts/snapshot'
import { type KnownPosition, NO_HISTORY, UNKNOWN_POSITION } from './scripts/topic'
import type { TopicMessage } from './topic-message'

/** Milliseconds between two attempts to get a snapshot. */
const RETRY_MS = 50

/** One topic's feeds on this node, and the snapshots that bring them up to date. */
export class TopicSnapshots {
  readonly #link: RedisLink
  readonly #assertOwn: () => Promise<void>
  readonly #runSnapshot: () => Promise<RedisReply>
  readonly #sequencers = new Set<FeedSequencer>()
  #requested: 'nothing' | 'snapshot' | 'assert' = 'nothing'
  #isRunning = false
  /** Whether a dropped message may have been a diff, so that the feeds may be behind without a gap to show it. */
  #hasMissed = false
  readonly #missed: PacedReport

  /**
   * @param runSnapshot runs the snapshot script of the topic
   * @param assertOwn asserts this node's presences and applies the snapshot in the reply
   */
  constructor(link: RedisLink, runSnapshot: () => Promise<RedisReply>, assertOwn: () => Promise<void>) {
    this.#link = link
    this.#runSnapshot = runSnapshot
    this.#assertOwn = assertOwn
    this.#missed = new PacedReport(link.clock, () => {
      this.#hasMissed = true
      this.request(false)
    })
  }

  get size(): number {
    return this.#sequencers.size
  }

  /** A copy, as a feed may cancel itself or another while it is called. */
  all(): FeedSequencer[] {
    return [...this.#sequencers]
  }

  add(sequencer: FeedSequencer): void {
    this.#sequencers.add(sequencer)
  }

  /** Whether the sequencer was there. */
  delete(sequencer: FeedSequencer): boolean {
    const wasThere = this.#sequencers.delete(sequencer)
    if (this.#sequencers.size === 0) this.#missed.cancel()
    return wasThere
  }

  /** A dropped message may have been a diff. Requests a snapshot, at most once a second. (S-110) */
  reportMissed(): void {
    this.#missed.report()
  }

  receive(message: TopicMessage): void {
    for (const sequencer of this.all()) sequencer.receive(message)
  }

  /** Reads one snapshot for all feeds. */
  async fetch(): Promise<void> {
    const snapshot = readSnapshot(await this.#runSnapshot())
    for (const sequencer of this.all()) sequencer.applySnapshot(snapshot)
  }

  /** Resolves once every feed has reached the position. Rejects with `store_unavailable` after `timeoutMs`. */
  async whenReached(position: Position, timeoutMs: number): Promise<void> {
    if (this.#sequencers.size === 0) return
    const open = this.all().filter((sequencer) => !sequencer.isOpening)
    const reached = Promise.all(open.map((sequencer) => sequencer.whenReached(position)))
    await new Promise<void>((resolve, reject) => {
      const timer = this.#link.clock.after(timeoutMs, () =>
        reject(this.#link.unavailable(`Change ${position.seq} was not confirmed within ${timeoutMs} ms`)),
      )
      void reached.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Requests a snapshot; with `isAssert`, after this node's own presences were asserted. */
  request(isAssert: boolean): void {
    if (isAssert || this.#requested === 'nothing') this.#requested = isAssert ? 'assert' : 'snapshot'
    if (!this.#isRunning) void this.#run()
  }

  /** The latest position that a feed of this node has. */
  get known(): KnownPosition {
    let latest: KnownPosition = UNKNOWN_POSITION
    for (const { known } of this.#sequencers) {
      if (!known || known.epoch === NO_HISTORY) continue
      if (latest.epoch !== known.epoch || known.seq > latest.seq) latest = known
    }
    return latest
  }

  /** Gets one snapshot at a time, with a pause between attempts. Stops while Redis is down: the recovery brings all. */
  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#requested !== 'nothing' && this.#sequencers.size > 0 && this.#link.isUp) {
      const isAssert = this.#requested === 'assert'
      const { id } = this.#link.lease
      this.#requested = 'nothing'
      if (this.#hasMissed) for (const sequencer of this.all()) sequencer.markMissed()
      this.#hasMissed = false
      try {
        if (isAssert) await this.#assertOwn()
        else await this.fetch()
      } catch (error) {
        if (error instanceof ScriptRefusal) this.#link.reportFenced(id)
        if (this.#requested === 'nothing') this.#requested = isAssert ? 'assert' : 'snapshot'
      }
      if (this.#requested !== 'nothing') await pause(this.#link.clock, RETRY_MS)
    }
    this.#requested = 'nothing'
    this.#isRunning = false
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}

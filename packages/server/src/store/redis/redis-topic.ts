import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { Change, StoreMessage, Subscription, TopicFeed } from '../store'
import { FeedSequencer } from './feed-sequencer'
import type { OwnRecords } from './own-records'
import { asciiJson, parseRecord, presenceOf } from './record'
import type { RedisLink } from './redis-link'
import type { ResolvedRedisStoreOptions } from './redis-options'
import { type RedisReply, type RedisScript, ScriptRefusal } from './redis-port'
import { countIn, textsIn } from './redis-reply'
import { ASSERT, assertArgs, readAssertReply } from './scripts/assert'
import { COMMIT, commitArgs, type NetChange, netChanges, readCommitReply } from './scripts/commit'
import { ADOPT } from './scripts/holding'
import { COUNT, readSnapshot, SNAPSHOT } from './scripts/snapshot'
import { callerArgs, type KnownPosition, NO_HISTORY, UNKNOWN_POSITION } from './scripts/topic'
import { busText, isStateless, nodeEndedBy, PUBLISH, parseMessage } from './topic-message'
import { TopicSnapshots } from './topic-snapshots'

/*
 *   commit, adopt, assert --- one at a time ---> script --> reply ---+
 *                                                                    v
 *   channel ---------------------------------------------------> FeedSequencer, one per feed --> feed
 *                                                                    |
 *   TopicSnapshots <--------------------- requests ------------------+
 */

/** Milliseconds that a diff behind a gap waits for the diffs before it. */
const GAP_MS = 200

/** Attempts of a change that the link interrupts. */
const MAX_ATTEMPTS = 3

/** The change did not run: the link went down before its turn came. */
const NOT_CONNECTED = Symbol('not connected')

/** One topic, as this node sees and changes it. */
export class RedisTopic {
  readonly topic: Topic
  readonly #link: RedisLink
  readonly #own: OwnRecords
  readonly #options: ResolvedRedisStoreOptions
  readonly #onIdle: (topic: RedisTopic) => void
  readonly #snapshots: TopicSnapshots
  #listening: Promise<void> | null = null
  /** Whether Redis may have applied, or may still apply, a command whose reply was lost. */
  #isStale = false
  #users = 0
  #turn: Promise<unknown> = Promise.resolve()
  #queuedAssert: Promise<void> | null = null

  /** @param onIdle called when this object holds nothing that would be missed */
  constructor(
    topic: Topic,
    link: RedisLink,
    own: OwnRecords,
    options: ResolvedRedisStoreOptions,
    onIdle: (topic: RedisTopic) => void,
  ) {
    this.topic = topic
    this.#link = link
    this.#own = own
    this.#options = options
    this.#onIdle = onIdle
    this.#snapshots = new TopicSnapshots(
      link,
      () => this.#run(SNAPSHOT, this.#caller(), ['1']),
      () => this.assertOwn(),
    )
  }

  /** The nodes whose presences are visible here. */
  *nodes(): Iterable<string> {
    for (const sequencer of this.#snapshots.all()) yield* sequencer.nodes()
  }

  commit(changes: readonly Change[]): Promise<Position> {
    const net = netChanges(changes)
    const options = this.#options
    // Recorded at once, even while Redis is down: the recovery asserts what the node wants to hold.
    this.#own.expect(this.topic, net)
    return this.#track(async () => {
      const position = await this.#change(() => this.#commit(net))
      await this.#snapshots.whenReached(position, options.settleMs + 2 * options.commandTimeoutMs)
      return position
    })
  }

  subscribe(feed: TopicFeed): Promise<Subscription> {
    const { clock } = this.#link
    const timing = { gapMs: GAP_MS, settleMs: this.#options.settleMs }
    const sequencer = new FeedSequencer(feed, clock, timing, (isAssert) => this.#snapshots.request(isAssert))
    return this.#track(async () => {
      await this.#link.whenReady()
      this.#snapshots.add(sequencer)
      try {
        await this.#listen()
        await this.#snapshots.fetch()
      } catch (error) {
        this.#cancel(sequencer)
        throw error
      }
      return { cancel: () => this.#cancel(sequencer) }
    })
  }

  read(): Promise<PresenceSnapshot> {
    return this.#track(async () => {
      await this.#link.whenReady()
      const reply = await this.#run(SNAPSHOT, this.#caller(UNKNOWN_POSITION), ['0'])
      const { epoch, seq, digest, presences } = readSnapshot(reply)
      return { epoch, seq, digest, presences }
    })
  }

  count(): Promise<number> {
    return this.#track(async () => {
      await this.#link.whenReady()
      return countIn(await this.#run(COUNT, [], []), 'a count')
    })
  }

  adopt(owner: string): Promise<Presence | null> {
    return this.#track(() =>
      this.#change(async () => {
        await this.#link.lease.registerTopic(this.topic)
        const [ref, text] = textsIn(await this.#run(ADOPT, this.#caller(), [asciiJson(owner)]), 'a presence')
        const record = ref !== undefined && text !== undefined ? parseRecord(ref, text) : null
        const presence = record && presenceOf(record)
        if (presence) this.#own.put(this.topic, record)
        return presence
      }),
    )
  }

  publish(message: StoreMessage): Promise<void> {
    const { port, publishCommand, instance } = this.#link
    return this.#track(async () => {
      if (!this.#link.isUp) await this.#link.whenReady()
      // It need not take its turn among the changes: one connection keeps the order of its broadcasts.
      await port.run(PUBLISH, [this.#channel], [publishCommand, busText(instance, message)])
    })
  }

  /**
   * Makes Redis hold exactly what this node wants to hold in the topic, and applies the resulting state. Calls that wait
   * for their turn share one assertion.
   */
  assertOwn(): Promise<void> {
    this.#queuedAssert ??= this.#track(() =>
      this.#serialize(async () => {
        this.#queuedAssert = null
        const { lease } = this.#link
        if (this.#own.has(this.topic)) await lease.registerTopic(this.topic)
        const leaving = this.#own.leavingOf(this.topic)
        const args = assertArgs(lease.former, leaving, this.#own.of(this.topic), this.#isStale)
        const { snapshot, lost, message } = readAssertReply(await this.#run(ASSERT, this.#caller(), args))
        this.#own.confirmLeft(
          this.topic,
          leaving.map(([ref]) => ref),
        )
        this.#isStale = false
        for (const ref of lost) this.#own.drop(this.topic, ref)
        // The diff carries the reasons of the leaves; the snapshot alone does not.
        const diff = message === '' ? null : parseMessage(message)
        if (diff) this.#snapshots.receive(diff)
        for (const sequencer of this.#snapshots.all()) sequencer.applyAsserted(snapshot)
      }),
    )
    return this.#queuedAssert
  }

  /** The connection is lost: messages that Redis sends meanwhile are missed. */
  markStale(): void {
    for (const sequencer of this.#snapshots.all()) sequencer.markStale()
  }

  close(): void {
    for (const sequencer of this.#snapshots.all()) this.#cancel(sequencer)
  }

  // --- changes ---------------------------------------------------------------------------------------------------

  async #commit(net: readonly NetChange[]): Promise<Position> {
    await this.#link.lease.registerTopic(this.topic)
    this.#isStale = true
    const reply = readCommitReply(await this.#run(COMMIT, this.#caller(), commitArgs(net)))
    this.#isStale = false
    for (const ref of reply.held) this.#own.drop(this.topic, ref)
    this.#own.confirmLeft(
      this.topic,
      net.flatMap((change) => (change.op === 'drop' ? [change.ref] : [])),
    )
    const { epoch, seq } = reply
    const message = reply.message === '' ? null : parseMessage(reply.message)
    // A commit without effect on a topic without a history leaves the feeds nothing to learn.
    if (message || epoch !== NO_HISTORY) this.#snapshots.receive(message ?? { kind: 'begun', epoch })
    return { epoch, seq }
  }

  /** Runs a change in its turn. Tries again if the link goes down first, or if this node was declared dead. */
  async #change<T>(change: () => Promise<T>): Promise<T> {
    const { lease } = this.#link
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      await this.#link.whenReady()
      const result = await this.#serialize(async () => {
        if (!this.#link.isLive) return NOT_CONNECTED
        const { id } = lease
        try {
          return await change()
        } catch (error) {
          if (!(error instanceof ScriptRefusal)) throw error
          this.#link.reportFenced(id)
          return NOT_CONNECTED
        }
      })
      if (result !== NOT_CONNECTED) return result
    }
    throw this.#link.unavailable(`The connection to Redis was interrupted ${MAX_ATTEMPTS} times`)
  }

  // --- the channel -----------------------------------------------------------------------------------------------

  #listen(): Promise<void> {
    this.#listening ??= this.#link.listen(
      'topic',
      this.#channel,
      (text) => this.#onMessage(text),
      this.#onDropped,
    )
    return this.#listening
  }

  /** Returns false for a message that this version does not write. */
  #onMessage(text: string): boolean {
    const message = parseMessage(text)
    if (!message) return false
    const { lease, instance } = this.#link
    // The feeds do not apply this node's own end: its presences are still here, and the recovery asserts them again.
    const endedNode = nodeEndedBy(message)
    if (endedNode === lease.id) this.#link.reportFenced(endedNode)
    else if (endedNode !== null && lease.former.includes(endedNode)) return true
    else if (message.kind !== 'bus' || message.from !== instance) this.#snapshots.receive(message)
    return true
  }

  /** The message may have been a diff, and no later one need follow that would show the gap. */
  readonly #onDropped = (text: string): void => {
    if (!isStateless(text)) this.#snapshots.reportMissed()
  }

  #cancel(sequencer: FeedSequencer): void {
    sequencer.cancel()
    if (!this.#snapshots.delete(sequencer) || this.#snapshots.size > 0) return
    if (this.#listening !== null) {
      this.#listening = null
      this.#link.port.unsubscribe(this.#channel)
    }
    this.#checkIdle()
  }

  get #channel(): string {
    return this.#link.keys.topic(this.topic)[5]
  }

  // --- scripts ---------------------------------------------------------------------------------------------------

  #run(script: RedisScript, caller: readonly string[], args: readonly string[]): Promise<RedisReply> {
    return this.#link.port.run(script, this.#link.keys.topic(this.topic), caller.concat(args))
  }

  #caller(known: KnownPosition = this.#snapshots.known): string[] {
    const { lease, publishCommand } = this.#link
    const { id, generation } = lease
    const freshEpoch = this.#link.freshEpoch()
    return callerArgs({ node: id, generation, known, freshEpoch, publish: publishCommand })
  }

  // --- turns -----------------------------------------------------------------------------------------------------

  /** Runs one task after the other, so that Redis gets this topic's commands in order. */
  #serialize<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task)
    this.#turn = done.catch(() => {})
    return done
  }

  async #track<T>(task: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await task()
    } finally {
      this.#users--
      this.#checkIdle()
    }
  }

  #checkIdle(): void {
    if (this.#users > 0 || this.#snapshots.size > 0 || this.#isStale) return
    if (!this.#own.has(this.topic)) this.#onIdle(this)
  }
}

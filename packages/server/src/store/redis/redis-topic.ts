import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { Clock } from '../../io/clock'
import type { Change, StoreMessage, Subscription, TopicFeed } from '../store'
import { FeedSequencer } from './feed-sequencer'
import type { Keys } from './keys'
import type { Lease } from './lease'
import type { OwnRecords } from './own-records'
import { asciiJson, parseRecord, presenceOf } from './record'
import { type RedisPort, ScriptRefusal } from './redis-port'
import { ASSERT, assertArgs, readAssertReply } from './scripts/assert'
import { COMMIT, commitArgs, type NetChange, netChanges, readCommitReply } from './scripts/commit'
import { ADOPT } from './scripts/holding'
import { PUBLISH } from './scripts/lease'
import { COUNT, readSnapshot, SNAPSHOT } from './scripts/snapshot'
import { callerArgs, type KnownPosition, NO_HISTORY, UNKNOWN_POSITION } from './scripts/topic'
import { busText, parseMessage, type TopicMessage } from './topic-message'

/*
 *   commit, adopt, assert --- one at a time ---> script --> reply ---+
 *                                                                    v
 *   channel ---------------------------------------------------> FeedSequencer, one a feed --> feed
 *                                                                    |
 *   snapshot <---------------------------- asks ---------------------+
 */

export interface RedisTopicContext {
  readonly run: RedisPort['run']
  readonly port: Pick<RedisPort, 'subscribe' | 'unsubscribe'>
  readonly keys: Keys
  readonly lease: Lease
  readonly own: OwnRecords
  readonly clock: Clock
  /** Tells this store's messages from those of others. */
  readonly instance: string
  readonly publish: 'PUBLISH' | 'SPUBLISH'
  readonly freshEpoch: () => string
  readonly gapMs: number
  readonly settleMs: number
  /** Milliseconds that a commit waits for its own feed. */
  readonly feedTimeoutMs: number
  /** Resolves once changes are taken; rejects where that is not to be soon. */
  readonly ready: () => Promise<void>
  readonly isLive: () => boolean
  /** Whether there is a connection, whatever is still to be made good. */
  readonly isUp: () => boolean
  /** This node was taken for dead, under this id. Several topics may find out at once. */
  readonly onFenced: (id: string) => void
  /** Nothing is known here that would be missed. */
  readonly onIdle: (access: RedisTopic) => void
  /** The failure for a step that did not get through in time. */
  readonly unavailable: (what: string) => Error
}

/** Milliseconds between two tries to get a snapshot. */
const ASK_AGAIN_MS = 50

/** What was asked for did not get its turn while the link stood. */
const NOT_CONNECTED = Symbol('not live')

/** One topic, as this node sees and changes it. */
export class RedisTopic {
  readonly topic: Topic
  readonly #context: RedisTopicContext
  readonly #sequencers = new Set<FeedSequencer>()
  #listening: Promise<void> | null = null
  /** Whether something may have been applied of which nobody knows. */
  #isStale = false
  #users = 0
  #turn: Promise<unknown> = Promise.resolve()
  #queuedAssert: Promise<void> | null = null
  #wanted: 'nothing' | 'snapshot' | 'assert' = 'nothing'
  #isAsking = false

  constructor(topic: Topic, context: RedisTopicContext) {
    this.topic = topic
    this.#context = context
  }

  /** Nodes of which presences are seen here. */
  *nodes(): Iterable<string> {
    for (const line of this.#sequencers) yield* line.nodes()
  }

  commit(changes: readonly Change[]): Promise<Position> {
    const net = netChanges(changes)
    // At once, also where Redis is away: what is asserted on return is what the node means.
    this.#context.own.expect(this.topic, net)
    return this.#track(async () => {
      const position = await this.#change(() => this.#commit(net))
      await this.#whenFed(position)
      return position
    })
  }

  subscribe(feed: TopicFeed): Promise<Subscription> {
    const { clock, gapMs, settleMs, ready } = this.#context
    const line = new FeedSequencer(feed, {
      clock,
      gapMs,
      settleMs,
      onAsk: (isAssert) => this.#requestSnapshot(isAssert),
    })
    return this.#track(async () => {
      await ready()
      this.#sequencers.add(line)
      try {
        await this.#listen()
        await this.#snapshot()
      } catch (error) {
        this.#cancel(line)
        throw error
      }
      return { cancel: () => this.#cancel(line) }
    })
  }

  read(): Promise<PresenceSnapshot> {
    return this.#track(async () => {
      await this.#context.ready()
      const reply = await this.#run(SNAPSHOT, this.#caller(UNKNOWN_POSITION), ['0'])
      const { epoch, seq, digest, presences } = readSnapshot(reply)
      return { epoch, seq, digest, presences }
    })
  }

  count(): Promise<number> {
    return this.#track(async () => {
      await this.#context.ready()
      return (await this.#run(COUNT, [], [])) as number
    })
  }

  adopt(owner: string): Promise<Presence | null> {
    const { own, lease } = this.#context
    return this.#track(() =>
      this.#change(async () => {
        await lease.registerTopic(this.topic)
        const [ref, text] = (await this.#run(ADOPT, this.#caller(), [asciiJson(owner)])) as string[]
        const record = ref !== undefined && text !== undefined ? parseRecord(ref, text) : null
        if (!record) return null
        own.put(this.topic, record)
        return presenceOf(record)
      }),
    )
  }

  publish(message: StoreMessage): Promise<void> {
    const { keys, run, publish, instance, ready, isUp } = this.#context
    return this.#track(async () => {
      if (!isUp()) await ready()
      // Out of turn: it changes nothing, and those of one connection keep their order.
      await run(PUBLISH, [keys.topic(this.topic)[5]], [publish, busText(instance, message)])
    })
  }

  /** Puts into Redis what this node means to hold here, and takes up the state. What is queued already is not queued twice. */
  assertOwn(): Promise<void> {
    this.#queuedAssert ??= this.#track(() =>
      this.#serialize(async () => {
        this.#queuedAssert = null
        const { own, lease } = this.#context
        if (own.has(this.topic)) await lease.registerTopic(this.topic)
        const leaving = own.leavingOf(this.topic)
        const args = assertArgs(lease.former, leaving, own.of(this.topic), this.#isStale)
        const { snapshot, lost, message } = readAssertReply(await this.#run(ASSERT, this.#caller(), args))
        own.confirmLeft(
          this.topic,
          leaving.map(([ref]) => ref),
        )
        this.#isStale = false
        for (const ref of lost) own.drop(this.topic, ref)
        // The step itself says why somebody left; the state alone would not.
        const step = message === '' ? null : parseMessage(message)
        if (step) this.#offer(step)
        for (const line of [...this.#sequencers]) line.applyAsserted(snapshot)
      }),
    )
    return this.#queuedAssert
  }

  /** The connection is lost: what is said meanwhile is missed. */
  markStale(): void {
    for (const line of this.#sequencers) line.markStale()
  }

  close(): void {
    for (const line of [...this.#sequencers]) this.#cancel(line)
  }

  // --- changes ---------------------------------------------------------------------------------------------------

  async #commit(net: readonly NetChange[]): Promise<Position> {
    const { own, lease } = this.#context
    await lease.registerTopic(this.topic)
    this.#isStale = true
    const reply = readCommitReply(await this.#run(COMMIT, this.#caller(), commitArgs(net)))
    this.#isStale = false
    for (const ref of reply.held) own.drop(this.topic, ref)
    own.confirmLeft(
      this.topic,
      net.flatMap((change) => (change.op === 'drop' ? [change.ref] : [])),
    )
    const { epoch, seq } = reply
    const message = reply.message === '' ? null : parseMessage(reply.message)
    // Without an effect on a topic without a history there is nothing to tell, and nothing that the lines must not know.
    if (message || epoch !== NO_HISTORY) this.#offer(message ?? { kind: 'begun', epoch })
    return { epoch, seq }
  }

  /** Does it in its turn, while the link stands; once more where this node had to find out first that it was taken for dead. */
  async #change<T>(change: () => Promise<T>): Promise<T> {
    const { ready, isLive, lease, onFenced, unavailable } = this.#context
    for (let tries = 0; tries < 3; tries++) {
      await ready()
      const done = await this.#serialize(async () => {
        if (!isLive()) return NOT_CONNECTED
        const { id } = lease
        try {
          return await change()
        } catch (error) {
          if (!(error instanceof ScriptRefusal)) throw error
          onFenced(id)
          return NOT_CONNECTED
        }
      })
      if (done !== NOT_CONNECTED) return done
    }
    throw unavailable('The link did not stand long enough')
  }

  /** Until this node's feeds have had it. */
  async #whenFed(position: Position): Promise<void> {
    if (this.#sequencers.size === 0) return
    const { clock, feedTimeoutMs, unavailable } = this.#context
    const told = Promise.all(
      [...this.#sequencers].filter((line) => !line.isOpening).map((line) => line.whenReached(position)),
    )
    await new Promise<void>((resolve, reject) => {
      const timer = clock.after(feedTimeoutMs, () =>
        reject(unavailable(`The step to ${position.seq} did not come back`)),
      )
      void told.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  // --- the topic's order -------------------------------------------------------------------------------------------

  #offer(message: TopicMessage): void {
    for (const line of [...this.#sequencers]) line.receive(message)
  }

  #onMessage(text: string): void {
    const message = parseMessage(text)
    if (!message || (message.kind === 'bus' && message.from === this.#context.instance)) return
    if (this.#isOwnEnd(message)) {
      if (message.node === this.#context.lease.id) this.#context.onFenced(message.node)
      return
    }
    this.#offer(message)
  }

  /**
   * Whether it tells that this node was found dead, here. Those who are with it were there all along, and are there again
   * for the others once everything is made good; the state that comes with that stands for what is left out.
   */
  #isOwnEnd(message: TopicMessage): message is Extract<TopicMessage, { kind: 'diff' }> {
    if (message.kind !== 'diff') return false
    const { lease } = this.#context
    if (message.node !== lease.id && !lease.former.includes(message.node)) return false
    return message.diff.leaves.some(({ reason }) => reason === 'node_lost')
  }

  async #snapshot(): Promise<void> {
    const snapshot = readSnapshot(await this.#run(SNAPSHOT, this.#caller(), ['1']))
    for (const line of [...this.#sequencers]) line.applySnapshot(snapshot)
  }

  #requestSnapshot(isAssert: boolean): void {
    if (isAssert || this.#wanted === 'nothing') this.#wanted = isAssert ? 'assert' : 'snapshot'
    if (!this.#isAsking) void this.#runSnapshots()
  }

  /** One at a time, and not in a hurry where it has to be done again. Without a connection nothing: the return brings all. */
  async #runSnapshots(): Promise<void> {
    this.#isAsking = true
    while (this.#wanted !== 'nothing' && this.#sequencers.size > 0 && this.#context.isUp()) {
      const isAssert = this.#wanted === 'assert'
      const { id } = this.#context.lease
      this.#wanted = 'nothing'
      try {
        if (isAssert) await this.assertOwn()
        else await this.#snapshot()
      } catch (error) {
        if (error instanceof ScriptRefusal) this.#context.onFenced(id)
        if (this.#wanted === 'nothing') this.#wanted = isAssert ? 'assert' : 'snapshot'
      }
      if (this.#wanted !== 'nothing') await this.#pause(ASK_AGAIN_MS)
    }
    this.#wanted = 'nothing'
    this.#isAsking = false
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#context.clock.after(ms, resolve))
  }

  #listen(): Promise<void> {
    const { port, keys } = this.#context
    this.#listening ??= port.subscribe(keys.topic(this.topic)[5], (text) => this.#onMessage(text))
    return this.#listening
  }

  #cancel(line: FeedSequencer): void {
    line.cancel()
    if (!this.#sequencers.delete(line) || this.#sequencers.size > 0) return
    if (this.#listening !== null) {
      this.#listening = null
      this.#context.port.unsubscribe(this.#context.keys.topic(this.topic)[5])
    }
    this.#checkIdle()
  }

  // --- scripts ---------------------------------------------------------------------------------------------------

  #run(script: Parameters<RedisPort['run']>[0], caller: readonly string[], args: readonly string[]) {
    return this.#context.run(script, this.#context.keys.topic(this.topic), caller.concat(args))
  }

  #caller(known: KnownPosition = this.#known()): string[] {
    const { lease, freshEpoch, publish } = this.#context
    const { id, generation } = lease
    return callerArgs({ node: id, generation, known, freshEpoch: freshEpoch(), publish })
  }

  /** The furthest that a feed of this node was told of. */
  #known(): KnownPosition {
    let furthest: KnownPosition = UNKNOWN_POSITION
    for (const { known } of this.#sequencers) {
      if (!known || known.epoch === NO_HISTORY) continue
      if (furthest.epoch !== known.epoch || known.seq > furthest.seq) furthest = known
    }
    return furthest
  }

  // --- turns -----------------------------------------------------------------------------------------------------

  /** One after the other: what Redis is told of this topic must not overtake itself. */
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
    if (this.#users > 0 || this.#sequencers.size > 0 || this.#isStale) return
    if (!this.#context.own.has(this.topic)) this.#context.onIdle(this)
  }
}

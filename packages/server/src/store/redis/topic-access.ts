import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { Clock } from '../../io/clock'
import type { Change, StoreMessage, Subscription, TopicFeed } from '../store'
import type { Keys } from './keys'
import type { Lease } from './lease'
import { busText, parseMessage, type TopicMessage } from './message'
import type { OwnRecords } from './own-records'
import { asciiJson, parseRecord, presenceOf } from './record'
import { type RedisPort, ScriptRefusal } from './redis-port'
import { ADOPT } from './scripts/adopt'
import { ASSERT, assertArgs, readAssertReply } from './scripts/assert'
import { COMMIT, commitArgs, type NetChange, netChanges, readCommitReply } from './scripts/commit'
import { PUBLISH } from './scripts/lease'
import { COUNT, readSnapshot, SNAPSHOT } from './scripts/snapshot'
import { callerArgs, type Known, NO_HISTORY, NOTHING_KNOWN } from './scripts/topic'
import { TopicLine } from './topic-line'

/*
 *   commit, adopt, assert --- one at a time ---> script --> reply ---+
 *                                                                    v
 *   channel ---------------------------------------------------> TopicLine, one a feed --> feed
 *                                                                    |
 *   snapshot <---------------------------- asks ---------------------+
 */

export interface TopicContext {
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
  readonly onIdle: (access: TopicAccess) => void
  /** The failure for a step that did not get through in time. */
  readonly unavailable: (what: string) => Error
}

/** Milliseconds between two tries to get a snapshot. */
const ASK_AGAIN_MS = 50

/** What was asked for did not get its turn while the link stood. */
const NOT_LIVE = Symbol('not live')

/** One topic, as this node sees and changes it. */
export class TopicAccess {
  readonly topic: Topic
  readonly #context: TopicContext
  readonly #lines = new Set<TopicLine>()
  #listening: Promise<void> | null = null
  /** Whether something may have been applied of which nobody knows. */
  #isInDoubt = false
  #users = 0
  #turn: Promise<unknown> = Promise.resolve()
  #queuedAssert: Promise<void> | null = null
  #wanted: 'nothing' | 'snapshot' | 'assert' = 'nothing'
  #isAsking = false

  constructor(topic: Topic, context: TopicContext) {
    this.topic = topic
    this.#context = context
  }

  /** Nodes of which presences are seen here. */
  *nodes(): Iterable<string> {
    for (const line of this.#lines) yield* line.nodes()
  }

  commit(changes: readonly Change[]): Promise<Position> {
    const net = netChanges(changes)
    // At once, also where Redis is away: what is asserted on return is what the node means.
    this.#context.own.intend(this.topic, net)
    return this.#use(async () => {
      const position = await this.#change(() => this.#commit(net))
      await this.#told(position)
      return position
    })
  }

  subscribe(feed: TopicFeed): Promise<Subscription> {
    const { clock, gapMs, settleMs, ready } = this.#context
    const line = new TopicLine(feed, { clock, gapMs, settleMs, onAsk: (isAssert) => this.#ask(isAssert) })
    return this.#use(async () => {
      await ready()
      this.#lines.add(line)
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
    return this.#use(async () => {
      await this.#context.ready()
      const reply = await this.#run(SNAPSHOT, this.#caller(NOTHING_KNOWN), ['0'])
      const { epoch, seq, digest, presences } = readSnapshot(reply)
      return { epoch, seq, digest, presences }
    })
  }

  count(): Promise<number> {
    return this.#use(async () => {
      await this.#context.ready()
      return (await this.#run(COUNT, [], [])) as number
    })
  }

  adopt(owner: string): Promise<Presence | null> {
    const { own, lease } = this.#context
    return this.#use(() =>
      this.#change(async () => {
        await lease.touch(this.topic)
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
    return this.#use(async () => {
      if (!isUp()) await ready()
      // Out of turn: it changes nothing, and those of one connection keep their order.
      await run(PUBLISH, [keys.topic(this.topic)[5]], [publish, busText(instance, message)])
    })
  }

  /** Puts into Redis what this node means to hold here, and takes up the state. What is queued already is not queued twice. */
  assert(): Promise<void> {
    this.#queuedAssert ??= this.#use(() =>
      this.#inTurn(async () => {
        this.#queuedAssert = null
        const { own, lease } = this.#context
        if (own.has(this.topic)) await lease.touch(this.topic)
        const leaving = own.leavingOf(this.topic)
        const args = assertArgs(lease.former, leaving, own.of(this.topic), this.#isInDoubt)
        const { snapshot, lost, message } = readAssertReply(await this.#run(ASSERT, this.#caller(), args))
        own.confirmGone(
          this.topic,
          leaving.map(([ref]) => ref),
        )
        this.#isInDoubt = false
        for (const ref of lost) own.drop(this.topic, ref)
        // The step itself says why somebody left; the state alone would not.
        const step = message === '' ? null : parseMessage(message)
        if (step) this.#offer(step)
        for (const line of [...this.#lines]) line.takeAsserted(snapshot)
      }),
    )
    return this.#queuedAssert
  }

  /** The connection is lost: what is said meanwhile is missed. */
  doubt(): void {
    for (const line of this.#lines) line.doubt()
  }

  close(): void {
    for (const line of [...this.#lines]) this.#cancel(line)
  }

  // --- changes ---------------------------------------------------------------------------------------------------

  async #commit(net: readonly NetChange[]): Promise<Position> {
    const { own, lease } = this.#context
    await lease.touch(this.topic)
    this.#isInDoubt = true
    const reply = readCommitReply(await this.#run(COMMIT, this.#caller(), commitArgs(net)))
    this.#isInDoubt = false
    for (const ref of reply.held) own.drop(this.topic, ref)
    own.confirmGone(
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
      const done = await this.#inTurn(async () => {
        if (!isLive()) return NOT_LIVE
        const { id } = lease
        try {
          return await change()
        } catch (error) {
          if (!(error instanceof ScriptRefusal)) throw error
          onFenced(id)
          return NOT_LIVE
        }
      })
      if (done !== NOT_LIVE) return done
    }
    throw unavailable('The link did not stand long enough')
  }

  /** Until this node's feeds have had it. */
  async #told(position: Position): Promise<void> {
    if (this.#lines.size === 0) return
    const { clock, feedTimeoutMs, unavailable } = this.#context
    const told = Promise.all(
      [...this.#lines].filter((line) => !line.isOpening).map((line) => line.reaches(position)),
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
    for (const line of [...this.#lines]) line.offer(message)
  }

  #hear(text: string): void {
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
    for (const line of [...this.#lines]) line.takeSnapshot(snapshot)
  }

  #ask(isAssert: boolean): void {
    if (isAssert || this.#wanted === 'nothing') this.#wanted = isAssert ? 'assert' : 'snapshot'
    if (!this.#isAsking) void this.#answer()
  }

  /** One at a time, and not in a hurry where it has to be done again. Without a connection nothing: the return brings all. */
  async #answer(): Promise<void> {
    this.#isAsking = true
    while (this.#wanted !== 'nothing' && this.#lines.size > 0 && this.#context.isUp()) {
      const isAssert = this.#wanted === 'assert'
      const { id } = this.#context.lease
      this.#wanted = 'nothing'
      try {
        if (isAssert) await this.assert()
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
    this.#listening ??= port.subscribe(keys.topic(this.topic)[5], (text) => this.#hear(text))
    return this.#listening
  }

  #cancel(line: TopicLine): void {
    line.cancel()
    if (!this.#lines.delete(line) || this.#lines.size > 0) return
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

  #caller(known: Known = this.#known()): string[] {
    const { lease, freshEpoch, publish } = this.#context
    const { id, generation } = lease
    return callerArgs({ node: id, generation, known, freshEpoch: freshEpoch(), publish })
  }

  /** The furthest that a feed of this node was told of. */
  #known(): Known {
    let furthest: Known = NOTHING_KNOWN
    for (const { known } of this.#lines) {
      if (!known || known.epoch === NO_HISTORY) continue
      if (furthest.epoch !== known.epoch || known.seq > furthest.seq) furthest = known
    }
    return furthest
  }

  // --- turns -----------------------------------------------------------------------------------------------------

  /** One after the other: what Redis is told of this topic must not overtake itself. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task)
    this.#turn = done.catch(() => {})
    return done
  }

  async #use<T>(task: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await task()
    } finally {
      this.#users--
      this.#checkIdle()
    }
  }

  #checkIdle(): void {
    if (this.#users > 0 || this.#lines.size > 0 || this.#isInDoubt) return
    if (!this.#context.own.has(this.topic)) this.#context.onIdle(this)
  }
}

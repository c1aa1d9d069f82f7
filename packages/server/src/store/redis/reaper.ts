import type { Topic } from '@rollcall/shared-protocol'
import { forEachLimited } from '../../async/concurrency-limit'
import type { Logger } from '../../log'
import { unescapeName } from './keys'
import type { RedisLink } from './redis-link'
import { textsIn } from './redis-reply'
import { REAP } from './scripts/holding'
import { FINISH, FORGET_TOPICS, readSweepReply, SWEEP, TOPICS } from './scripts/lease'
import { callerArgs, UNKNOWN_POSITION } from './scripts/topic'

/** Topics of a dead node that are cleaned up at the same time. */
const MAX_CONCURRENT_TOPICS = 16

/** Removes the presences of dead nodes. Several nodes may do it at once: the second finds nothing left to remove. */
export class Reaper {
  readonly #link: RedisLink
  readonly #log: Logger
  readonly #topicsOf: (node: string) => Iterable<Topic>
  #isBusy = false

  /** @param topicsOf the topics in which this node sees presences of another */
  constructor(link: RedisLink, log: Logger, topicsOf: (node: string) => Iterable<Topic>) {
    this.#link = link
    this.#log = log
    this.#topicsOf = topicsOf
  }

  /** @param holders ids of nodes that hold presences in this node's topics, dead or alive */
  async sweep(node: string, holders: Iterable<string>): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    const { port, keys } = this.#link
    try {
      const others = [...holders].filter((id) => id !== node)
      const dead = readSweepReply(await port.run(SWEEP, keys.nodes, [node, ...others]))
      for (const { node: id, reason } of dead) {
        // Any other reason means that the node shut down on purpose.
        const level = reason === 'node_lost' ? 'warn' : 'info'
        this.#log[level]({ node: id, reason }, 'a node is gone; removing its presences')
        await this.#reap(id, reason)
      }
    } finally {
      this.#isBusy = false
    }
  }

  async #reap(id: string, reason: string): Promise<void> {
    const { port, keys, publishCommand: publish } = this.#link
    const registered = textsIn(await port.run(TOPICS, [keys.nodeTopics(id)], []), 'the topics of a node')
    const topics = new Set([...registered.map(unescapeName), ...this.#topicsOf(id)])
    await forEachLimited(topics, MAX_CONCURRENT_TOPICS, (topic) => {
      const freshEpoch = this.#link.freshEpoch()
      const caller = { node: id, generation: 0, known: UNKNOWN_POSITION, freshEpoch, publish }
      return port.run(REAP, keys.topic(topic), [...callerArgs(caller), reason])
    })
    await port.run(FORGET_TOPICS, [keys.nodeTopics(id)], [])
    await port.run(FINISH, keys.nodes, [id])
  }
}

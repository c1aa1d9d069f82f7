import type { Topic } from '@rollcall/shared-protocol'
import { forEachLimited } from '../../async/concurrency-limit'
import type { Logger } from '../../log'
import { type Keys, unescapeName } from './keys'
import type { RedisPort } from './redis-port'
import { REAP } from './scripts/holding'
import { FINISH, FORGET_TOPICS, readSweepReply, SWEEP, TOPICS } from './scripts/lease'
import { callerArgs, UNKNOWN_POSITION } from './scripts/topic'

export interface ReaperContext {
  readonly run: RedisPort['run']
  readonly keys: Keys
  readonly log: Logger
  readonly publish: 'PUBLISH' | 'SPUBLISH'
  readonly freshEpoch: () => string
  /** The topics in which this node sees presences of another. */
  readonly topicsOf: (node: string) => Iterable<Topic>
}

/** Topics of a dead node that are worked on at a time. */
const WIDTH = 16

/** Lets those leave whose node is dead. Any node may do it, several at once, and it has its effect once. */
export class Reaper {
  readonly #context: ReaperContext
  #isBusy = false

  constructor(context: ReaperContext) {
    this.#context = context
  }

  /** @param seen ids that hold presences here, dead or alive. */
  async sweep(node: string, seen: Iterable<string>): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    const { run, keys, log } = this.#context
    try {
      const others = [...seen].filter((id) => id !== node)
      const dead = readSweepReply(await run(SWEEP, keys.nodes, [node, ...others]))
      for (const { node: id, reason } of dead) {
        // Who handed over went on purpose.
        const level = reason === 'node_lost' ? 'warn' : 'info'
        log[level]({ node: id, reason }, 'a node is gone; its presences leave')
        await this.#reap(id, reason)
      }
    } finally {
      this.#isBusy = false
    }
  }

  async #reap(id: string, reason: string): Promise<void> {
    const { run, keys, topicsOf, freshEpoch, publish } = this.#context
    const listed = (await run(TOPICS, [keys.nodeTopics(id)], [])) as string[]
    const topics = new Set([...listed.map(unescapeName), ...topicsOf(id)])
    await forEachLimited(topics, WIDTH, (topic) => {
      const caller = { node: id, generation: 0, known: UNKNOWN_POSITION, freshEpoch: freshEpoch(), publish }
      return run(REAP, keys.topic(topic), [...callerArgs(caller), reason])
    })
    await run(FORGET_TOPICS, [keys.nodeTopics(id)], [])
    await run(FINISH, keys.nodes, [id])
  }
}

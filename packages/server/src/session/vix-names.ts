import {
  type Fault,
  fault,
  type Key,
  type LeaveReason,
  limitFault,
  type Topic,
} from '@rollcall/shared-protocol'
import { Channel } from '../channel/channel'
import type { Router } from '../channel/channel-definition'
import type { ChannelServices } from '../channel/channel-session'
import type { Session } from './session'

interface VixName {
  readonly session: Session
  readonly topic: Topic
  readonly key: Key
  readonly channel: Channel
}

/**
 * The names that Vix connections announce. Vix has no joins: a connection may announce several names, and may also take
 * a name offline that another connection announced. If the server does not trust names, the only name is the identity's.
 */
export class VixNames {
  readonly #router: Router
  readonly #services: ChannelServices
  readonly #trustNames: () => boolean
  readonly #maxNamesPerSession: number
  readonly #bySession = new Map<Session, Map<Key, VixName>>()
  readonly #byTopic = new Map<Topic, Map<Key, Set<VixName>>>()

  /** @param trustNames whether clients choose their own names, as they may in development only */
  constructor(
    router: Router,
    services: ChannelServices,
    trustNames: () => boolean,
    maxNamesPerSession: number,
  ) {
    this.#router = router
    this.#services = services
    this.#trustNames = trustNames
    this.#maxNamesPerSession = maxNamesPerSession
  }

  /** Adds a name to the topic. Resolves with a fault if that is refused. A second join of a name has no effect. */
  async join(session: Session, topic: Topic, requestedName: Key): Promise<Fault | null> {
    const maxNamesPerSession = this.#maxNamesPerSession
    const key = this.#trustNames() ? requestedName : session.identity.id
    const names = this.#bySession.get(session) ?? new Map<Key, VixName>()
    if (names.has(key)) return null
    if (names.size >= maxNamesPerSession) {
      const problem = `This connection is present under ${names.size} names`
      return limitFault(problem, 'channelsPerSession', maxNamesPerSession, names.size + 1)
    }
    const definition = this.#router.find(topic)
    if (!definition) return fault('unmatched_topic', `No channel serves ${JSON.stringify(topic)}.`)
    const actingAs = { owner: `${session.id}/${key}`, identity: { ...session.identity, id: key } }
    const channel = new Channel(session, definition, topic, null, this.#services, actingAs)
    const name = { session, topic, key, channel }
    this.#bySession.set(session, names.set(key, name))
    this.#inTopic(topic, key).add(name)
    const problem = await channel.appear()
    // The client may have left meanwhile, and even have joined again under the same name.
    if (this.#bySession.get(session)?.get(key) !== name) return null
    if (problem) this.#end(name, 'left')
    return problem
  }

  leave(session: Session, topic: Topic, requestedName: Key): void {
    const key = this.#trustNames() ? requestedName : session.identity.id
    const own = this.#bySession.get(session)?.get(key)
    // A read-only connection must not take others offline.
    const mayEndOthers = this.#trustNames() && !session.channels.get(topic)?.isReadOnly
    const others = mayEndOthers ? this.#byTopic.get(topic)?.get(key) : undefined
    for (const name of own ? [own] : [...(others ?? [])]) this.#end(name, 'left')
  }

  endAll(session: Session, reason: LeaveReason): void {
    for (const name of [...(this.#bySession.get(session)?.values() ?? [])]) this.#end(name, reason)
  }

  #inTopic(topic: Topic, key: Key): Set<VixName> {
    let keys = this.#byTopic.get(topic)
    if (!keys) {
      keys = new Map()
      this.#byTopic.set(topic, keys)
    }
    let names = keys.get(key)
    if (!names) {
      names = new Set()
      keys.set(key, names)
    }
    return names
  }

  #end(name: VixName, reason: LeaveReason): void {
    const { session, topic, key, channel } = name
    channel.end(reason)
    const own = this.#bySession.get(session)
    own?.delete(key)
    if (own?.size === 0) this.#bySession.delete(session)
    const keys = this.#byTopic.get(topic)
    const names = keys?.get(key)
    names?.delete(name)
    if (names?.size === 0) keys?.delete(key)
    if (keys?.size === 0) this.#byTopic.delete(topic)
  }
}

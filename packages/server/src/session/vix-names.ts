import {
  type Fault,
  fault,
  type Key,
  type LeaveReason,
  limitFault,
  type Topic,
} from '@rollcall/shared-protocol'
import { Channel, type ChannelServices } from '../channel/channel'
import type { Router } from '../channel/channel-definition'
import type { Session } from './session'

export interface VixNamesContext {
  readonly router: Router
  readonly services: ChannelServices
  /** Whether a name that a stranger made up is believed. In development only. */
  readonly trustNames: () => boolean
  /** Names that one session may be present under at a time. */
  readonly maxNamesPerSession: number
}

interface VixName {
  readonly session: Session
  readonly topic: Topic
  readonly key: Key
  readonly channel: Channel
}

/**
 * Who appeared over connections that have no join (Vix): such a connection may say any number of names, and say
 * goodbye for one that another connection announced. Where names are not believed there is just one, the identity's.
 */
export class VixNames {
  readonly #context: VixNamesContext
  readonly #bySession = new Map<Session, Map<Key, VixName>>()
  readonly #byTopic = new Map<Topic, Map<Key, Set<VixName>>>()

  constructor(context: VixNamesContext) {
    this.#context = context
  }

  /** Resolves with why not, or null. Appearing twice is appearing once. */
  async join(session: Session, topic: Topic, said: Key): Promise<Fault | null> {
    const { router, services, maxNamesPerSession } = this.#context
    const key = this.#context.trustNames() ? said : session.identity.id
    const names = this.#bySession.get(session) ?? new Map<Key, VixName>()
    if (names.has(key)) return null
    if (names.size >= maxNamesPerSession) {
      const what = `This connection is present under ${names.size} names`
      return limitFault(what, 'channelsPerSession', maxNamesPerSession, names.size + 1)
    }
    const definition = router.find(topic)
    if (!definition) return fault('unmatched_topic', `No channel serves ${JSON.stringify(topic)}.`)
    const actingAs = { owner: `${session.id}/${key}`, identity: { ...session.identity, id: key } }
    const channel = new Channel(session, definition, topic, null, services, actingAs)
    const name = { session, topic, key, channel }
    this.#bySession.set(session, names.set(key, name))
    this.#inTopic(topic, key).add(name)
    const problem = await channel.appear()
    // Whoever said goodbye meanwhile wants to hear no more of it, and may have said the name again.
    if (this.#bySession.get(session)?.get(key) !== name) return null
    if (problem) this.#end(name, 'left')
    return problem
  }

  leave(session: Session, topic: Topic, said: Key): void {
    const key = this.#context.trustNames() ? said : session.identity.id
    const own = this.#bySession.get(session)?.get(key)
    // To take others offline is to say something.
    const mayForOthers = this.#context.trustNames() && !session.channels.get(topic)?.isReadOnly
    const others = mayForOthers ? this.#byTopic.get(topic)?.get(key) : undefined
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

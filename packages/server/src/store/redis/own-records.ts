import type { Topic } from '@rollcall/shared-protocol'
import type { OwnRecord } from './record'
import type { NetChange } from './scripts/commit'

/**
 * The presences that this node wants to hold. A change counts from the moment of the call, so that the assertion after an
 * outage has it, whether or not Redis applied it before.
 */
export class OwnRecords {
  readonly #byTopic = new Map<Topic, Map<string, OwnRecord>>()
  /** The topics in which an owner (JSON) is present. */
  readonly #byOwner = new Map<string, Set<Topic>>()
  /** Reasons by ref (JSON) of dropped presences that Redis may still have, until a commit or an assertion confirms them. */
  readonly #leaving = new Map<Topic, Map<string, string>>()

  of(topic: Topic): Iterable<OwnRecord> {
    return this.#byTopic.get(topic)?.values() ?? []
  }

  has(topic: Topic): boolean {
    return this.#byTopic.has(topic)
  }

  /** Entries for topics and owners; a topic counts twice while one of its presences is leaving. */
  get trackedCount(): number {
    return this.#byTopic.size + this.#byOwner.size + this.#leaving.size
  }

  topics(): IterableIterator<Topic> {
    return this.#byTopic.keys()
  }

  expect(topic: Topic, changes: readonly NetChange[]): void {
    for (const change of changes) {
      if (change.op === 'put') {
        this.put(topic, change.record)
        continue
      }
      this.drop(topic, change.ref)
      const leaving = this.#leaving.get(topic) ?? new Map<string, string>()
      this.#leaving.set(topic, leaving.set(change.ref, change.reason))
    }
  }

  /** Dropped presences that Redis has not confirmed, as ref (JSON) and reason. */
  leavingOf(topic: Topic): readonly (readonly [ref: string, reason: string])[] {
    return [...(this.#leaving.get(topic) ?? [])]
  }

  /** Redis has confirmed that these refs are gone. */
  confirmLeft(topic: Topic, refs: Iterable<string>): void {
    const leaving = this.#leaving.get(topic)
    if (!leaving) return
    for (const ref of refs) leaving.delete(ref)
    if (leaving.size === 0) this.#leaving.delete(topic)
  }

  put(topic: Topic, record: OwnRecord): void {
    const records = this.#byTopic.get(topic) ?? new Map<string, OwnRecord>()
    const held = records.get(record.ref)
    if (held && (held.rev >= record.rev || held.key !== record.key)) return
    this.#byTopic.set(topic, records)
    // An update never changes the owner.
    records.set(record.ref, held ? { ...record, owner: held.owner } : record)
    const topics = this.#byOwner.get(record.owner) ?? new Set()
    this.#byOwner.set(record.owner, topics.add(topic))
  }

  drop(topic: Topic, ref: string): void {
    const records = this.#byTopic.get(topic)
    const held = records?.get(ref)
    if (!records || !held) return
    records.delete(ref)
    if (records.size === 0) this.#byTopic.delete(topic)
    for (const { owner } of records.values()) if (owner === held.owner) return
    const topics = this.#byOwner.get(held.owner)
    topics?.delete(topic)
    if (topics?.size === 0) this.#byOwner.delete(held.owner)
  }

  /** Another node has claimed the session of this owner (JSON), and its presences with it. */
  dropOwner(owner: string): void {
    for (const topic of [...(this.#byOwner.get(owner) ?? [])]) {
      for (const record of [...this.of(topic)]) if (record.owner === owner) this.drop(topic, record.ref)
    }
  }
}

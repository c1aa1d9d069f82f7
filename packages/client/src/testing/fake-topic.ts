import {
  type FullDiff,
  fullDiff,
  type JsonObject,
  type Key,
  type LeaveReason,
  type Meta,
  type Presence,
  type PresenceChanges,
  type PresenceRef,
  PresenceSet,
  type PresenceSnapshot,
  type Topic,
} from '@rollcall/shared-protocol'

const NO_CHANGES: PresenceChanges = { joins: [], updates: [], leaves: [] }

/** One topic of a fake server: its presences and their history. */
export class FakeTopic {
  readonly topic: Topic
  readonly #broadcast: (diff: FullDiff) => void
  readonly #mintRef: () => PresenceRef
  #set = new PresenceSet()
  #epoch: string
  #seq = 0
  #isNextLost = false

  constructor(topic: Topic, epoch: string, mintRef: () => PresenceRef, broadcast: (diff: FullDiff) => void) {
    this.topic = topic
    this.#epoch = epoch
    this.#mintRef = mintRef
    this.#broadcast = broadcast
  }

  get snapshot(): PresenceSnapshot {
    return {
      epoch: this.#epoch,
      seq: this.#seq,
      digest: this.#set.digest,
      presences: [...this.#set.presences()],
    }
  }

  get(ref: PresenceRef): Presence | undefined {
    return this.#set.get(ref)
  }

  refsOf(key: Key): PresenceRef[] {
    return this.#set.ofKey(key).map(({ ref }) => ref)
  }

  join(key: Key, meta: Meta): PresenceRef {
    const ref = this.#mintRef()
    this.#commit({ ...NO_CHANGES, joins: [{ ref, key, meta, rev: 0 }] })
    return ref
  }

  update(ref: PresenceRef, meta: JsonObject): void {
    const held = this.#set.get(ref)
    if (held) this.#commit({ ...NO_CHANGES, updates: [{ ref, meta, rev: held.rev + 1 }] })
  }

  leave(refs: readonly PresenceRef[], reason: LeaveReason): void {
    const leaves = refs.flatMap((ref) => {
      const held = this.#set.get(ref)
      return held ? [{ ref, key: held.key, reason }] : []
    })
    if (leaves.length > 0) this.#commit({ ...NO_CHANGES, leaves })
  }

  /** Sends the next change to nobody. */
  loseNext(): void {
    this.#isNextLost = true
  }

  /** Begins another history. The presences stay, with new refs. */
  beginEpoch(epoch: string): void {
    const before = this.#set
    this.#set = new PresenceSet()
    this.#set.apply({
      ...NO_CHANGES,
      joins: [...before.presences()].map(({ key, meta }) => ({ ref: this.#mintRef(), key, meta, rev: 0 })),
    })
    this.#epoch = epoch
    this.#seq = 0
  }

  #commit(changes: PresenceChanges): void {
    const applied = this.#set.apply(changes)
    const base = this.#seq
    this.#seq += 1
    const diff = fullDiff({ epoch: this.#epoch, base, seq: this.#seq, digest: this.#set.digest }, applied)
    if (this.#isNextLost) this.#isNextLost = false
    else this.#broadcast(diff)
  }
}

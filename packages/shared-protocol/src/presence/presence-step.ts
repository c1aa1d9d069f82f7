import type { Key, PresenceRef } from '../ids'
import type { KeyIndex } from './key-index'
import type { LeaveReason, Presence } from './types'

/** What a change made of a set, net: nothing that came and went within it, nothing that stayed the same. */
export interface AppliedChanges<M> {
  readonly joins: readonly Presence<M>[]
  readonly updates: readonly { readonly presence: Presence<M>; readonly previous: Presence<M> }[]
  readonly leaves: readonly { readonly presence: Presence<M>; readonly reason: LeaveReason }[]
  /** Keys that had no presence before and have one now: first one in. (P-4) */
  readonly appeared: readonly Key[]
  /** Keys that had a presence before and have none now: last one out. (P-4) */
  readonly disappeared: readonly Key[]
}

/** Collects what one call does to a set; is told of each change once it is made. */
export interface Step<M> {
  /**
   * @param isFirstIn - Whether the presence's key was absent before.
   * @param isLastOut - Whether the presence was under another key, which is absent now.
   */
  put(presence: Presence<M>, previous: Presence<M> | undefined, isFirstIn: boolean, isLastOut: boolean): void
  /** @param isLastOut - Whether the key is absent now. */
  drop(held: Presence<M>, reason: LeaveReason, isLastOut: boolean): void
  /** After the last change. */
  result(byKey: KeyIndex): AppliedChanges<M>
}

const NONE: readonly never[] = []
/** What a change made that made nothing. */
export const NOTHING: AppliedChanges<never> = {
  joins: NONE,
  updates: NONE,
  leaves: NONE,
  appeared: NONE,
  disappeared: NONE,
}

/** A step of at most one change, which is its own net effect. */
export class OneStep<M> implements Step<M> {
  #result: AppliedChanges<M> = NOTHING

  put(
    presence: Presence<M>,
    previous: Presence<M> | undefined,
    isFirstIn: boolean,
    isLastOut: boolean,
  ): void {
    this.#result = {
      joins: previous ? NONE : [presence],
      updates: previous ? [{ presence, previous }] : NONE,
      leaves: NONE,
      appeared: isFirstIn ? [presence.key] : NONE,
      disappeared: isLastOut && previous ? [previous.key] : NONE,
    }
  }

  drop(held: Presence<M>, reason: LeaveReason, isLastOut: boolean): void {
    this.#result = {
      joins: NONE,
      updates: NONE,
      leaves: [{ presence: held, reason }],
      appeared: NONE,
      disappeared: isLastOut ? [held.key] : NONE,
    }
  }

  result(): AppliedChanges<M> {
    return this.#result
  }
}

/** A step of many changes. A presence that is named twice in it is told once. */
export class NetStep<M> implements Step<M> {
  readonly #wasPresent = new Map<Key, boolean>()
  readonly #changes = new Map<PresenceRef, Change<M>>()

  put(presence: Presence<M>, previous: Presence<M> | undefined, isFirstIn: boolean): void {
    this.#touch(presence.key, !isFirstIn)
    if (previous) this.#touch(previous.key, true)
    const change = this.#changes.get(presence.ref)
    if (change) change.after = presence
    else this.#changes.set(presence.ref, { before: previous, after: presence })
  }

  drop(held: Presence<M>, reason: LeaveReason): void {
    this.#touch(held.key, true)
    const change = this.#changes.get(held.ref)
    if (change) change.after = reason
    else this.#changes.set(held.ref, { before: held, after: reason })
  }

  result(byKey: KeyIndex): AppliedChanges<M> {
    const joins: Presence<M>[] = []
    const updates: { presence: Presence<M>; previous: Presence<M> }[] = []
    const leaves: { presence: Presence<M>; reason: LeaveReason }[] = []
    for (const { before, after } of this.#changes.values()) {
      if (typeof after === 'string') {
        if (before) leaves.push({ presence: before, reason: after })
      } else if (!before) joins.push(after)
      else updates.push({ presence: after, previous: before })
    }
    const appeared: Key[] = []
    const disappeared: Key[] = []
    for (const [key, wasPresent] of this.#wasPresent) {
      const isPresent = byKey.has(key)
      if (isPresent && !wasPresent) appeared.push(key)
      else if (!isPresent && wasPresent) disappeared.push(key)
    }
    return { joins, updates, leaves, appeared, disappeared }
  }

  /** The first change of a key knows whether it was present before them all. */
  #touch(key: Key, wasPresent: boolean): void {
    if (!this.#wasPresent.has(key)) this.#wasPresent.set(key, wasPresent)
  }
}

interface Change<M> {
  readonly before: Presence<M> | undefined
  after: Presence<M> | LeaveReason
}

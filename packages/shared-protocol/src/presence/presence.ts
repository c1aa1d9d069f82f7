import type { Epoch, Key, Position, PresenceRef, Seq } from '../ids'
import type { JsonObject } from '../json'

/** The application's JSON about one presence. Never holds system fields. */
export type Meta = JsonObject

/** One tracked entry: one session in one topic. Never changes; an update makes a new object with the next `rev`. */
export interface Presence<M = Meta> {
  readonly ref: PresenceRef
  readonly key: Key
  readonly meta: M
  /** Number of updates of this presence so far. */
  readonly rev: number
}

/** Why a presence left. */
export const LEAVE_REASONS = [
  'left',
  'closed',
  'timeout',
  'kicked',
  'expired',
  'replaced',
  'node_lost',
  'drained',
] as const
export type LeaveReason = (typeof LEAVE_REASONS)[number]

export interface PresenceUpdate<M = Meta> {
  readonly ref: PresenceRef
  readonly rev: number
  readonly meta: M
}

export interface PresenceLeave {
  readonly ref: PresenceRef
  readonly key: Key
  readonly reason: LeaveReason
}

/** Joins, updates and leaves that happened together. Each presence appears at most once. (P-2) */
export interface PresenceChanges<M = Meta> {
  readonly joins: readonly Presence<M>[]
  readonly updates: readonly PresenceUpdate<M>[]
  readonly leaves: readonly PresenceLeave[]
}

/** A topic's whole state at `(epoch, seq)`. On the wire `presence_state`. */
export interface PresenceSnapshot<M = Meta> {
  readonly epoch: Epoch
  readonly seq: Seq
  /** The {@link digestOf} these presences. */
  readonly digest: number
  readonly presences: readonly Presence<M>[]
}

/** Takes a topic from `base` to `seq` within `epoch`. On the wire `presence_diff`. */
export interface PresenceDiff<M = Meta> extends PresenceChanges<M> {
  readonly epoch: Epoch
  readonly base: Seq
  readonly seq: Seq
  /** Digest of the state after the diff. */
  readonly digest: number
}

/**
 * A diff with the presences before it, as a server knows them. Some dialects need them: Phoenix sends an update as a leave
 * of the old meta, and zzz and Vix know only keys.
 */
export interface FullDiff<M = Meta> extends PresenceDiff<M> {
  readonly updates: readonly FullUpdate<M>[]
  readonly leaves: readonly FullLeave<M>[]
  /** Keys that had no presence before the diff and have one after it. */
  readonly appeared: readonly Key[]
  /** Keys that had a presence before the diff and have none after it. */
  readonly disappeared: readonly Key[]
}

export interface FullUpdate<M = Meta> extends PresenceUpdate<M> {
  readonly key: Key
  readonly previous: Presence<M>
}

export interface FullLeave<M = Meta> extends PresenceLeave {
  readonly presence: Presence<M>
}

/**
 * One meta in Phoenix's form. `phxRef` identifies it within its key. An update gives it a new one and names the old one in
 * `phxRefPrev`.
 */
export interface PhoenixMeta<M = Meta> {
  readonly key: Key
  readonly phxRef: string
  readonly phxRefPrev: string | null
  readonly meta: M
}

/** The net effect of a change on a set, without presences that came and went within it or stayed equal. */
export interface AppliedChanges<M> {
  readonly joins: readonly Presence<M>[]
  readonly updates: readonly { readonly presence: Presence<M>; readonly previous: Presence<M> }[]
  readonly leaves: readonly { readonly presence: Presence<M>; readonly reason: LeaveReason }[]
  /** Keys that had no presence before and have one now. (P-4) */
  readonly appeared: readonly Key[]
  /** Keys that had a presence before and have none now. (P-4) */
  readonly disappeared: readonly Key[]
}

/**
 * Decides whether a diff applies to a map at the position `at` (P-1):
 *
 * ```
 * no map yet                  -> ignore   the coming snapshot includes it
 * other epoch                 -> resync
 * seq  <= at.seq              -> ignore   the map includes it
 * base == at.seq              -> apply
 * base  < at.seq < seq        -> resync   the map includes part of it
 * base  > at.seq              -> resync   a gap
 * ```
 */
export type Continuity = 'apply' | 'ignore' | 'resync'

export function continuityOf(
  at: Position | null,
  diff: Pick<PresenceDiff, 'epoch' | 'base' | 'seq'>,
): Continuity {
  if (at === null) return 'ignore'
  if (diff.epoch !== at.epoch) return 'resync'
  if (diff.seq <= at.seq) return 'ignore'
  return diff.base === at.seq ? 'apply' : 'resync'
}

/**
 * The net changes from one set of presences to another.
 *
 * @param reasons leave reasons by ref. A ref without one gets `closed`, because a set does not know reasons.
 */
export function diffSnapshots<M>(
  before: Iterable<Presence<M>>,
  after: Iterable<Presence<M>>,
  reasons?: ReadonlyMap<PresenceRef, LeaveReason>,
): PresenceChanges<M> {
  const gone = new Map<PresenceRef, Presence<M>>()
  for (const presence of before) gone.set(presence.ref, presence)
  const joins: Presence<M>[] = []
  const updates: PresenceUpdate<M>[] = []
  for (const presence of after) {
    const was = gone.get(presence.ref)
    gone.delete(presence.ref)
    if (!was) joins.push(presence)
    else if (was.rev !== presence.rev)
      updates.push({ ref: presence.ref, rev: presence.rev, meta: presence.meta })
  }
  const leaves: PresenceLeave[] = [...gone.values()].map(({ ref, key }) => ({
    ref,
    key,
    reason: reasons?.get(ref) ?? 'closed',
  }))
  return { joins, updates, leaves }
}

/** The positions before and after a diff, and the digest after it. */
type DiffPlace = Pick<PresenceDiff, 'epoch' | 'base' | 'seq' | 'digest'>

/** The diff of a change that was applied to a set, with the presences before it. */
export function fullDiff<M>(
  { epoch, base, seq, digest }: DiffPlace,
  applied: AppliedChanges<M>,
): FullDiff<M> {
  const { joins, appeared, disappeared } = applied
  return {
    epoch,
    base,
    seq,
    digest,
    joins,
    updates: applied.updates.map(({ presence: { ref, key, meta, rev }, previous }) => ({
      ref,
      key,
      meta,
      rev,
      previous,
    })),
    leaves: applied.leaves.map(({ presence, reason }) => ({
      ref: presence.ref,
      key: presence.key,
      reason,
      presence,
    })),
    appeared,
    disappeared,
  }
}

/**
 * One diff with the net effect of several that follow each other in one epoch (P-2):
 *
 * ```
 * join   + update -> join, at the later meta     update + update -> update, previous of the first
 * join   + leave  -> nothing                     update + leave  -> leave of what was there first
 * leave  + join   of one key                     -> both, and the key neither appears nor disappears
 * ```
 *
 * Refs are never reused, so nothing follows a leave of a ref. Returns `null` for no diffs.
 */
export function mergeDiffs<M>(diffs: readonly FullDiff<M>[]): FullDiff<M> | null {
  const first = diffs[0]
  if (!first) return null
  const last = diffs.at(-1) ?? first
  if (first === last) return first

  const joins = new Map<PresenceRef, Presence<M>>()
  const updates = new Map<PresenceRef, FullUpdate<M>>()
  const leaves = new Map<PresenceRef, FullLeave<M>>()
  const presentBefore = new Map<Key, boolean>()
  const presentAfter = new Map<Key, boolean>()
  for (const diff of diffs) {
    for (const presence of diff.joins) joins.set(presence.ref, presence)
    for (const update of diff.updates) {
      const joined = joins.get(update.ref)
      if (joined) joins.set(update.ref, { ...joined, rev: update.rev, meta: update.meta })
      else
        updates.set(update.ref, { ...update, previous: updates.get(update.ref)?.previous ?? update.previous })
    }
    for (const leave of diff.leaves) {
      if (joins.delete(leave.ref)) continue
      const updated = updates.get(leave.ref)
      updates.delete(leave.ref)
      leaves.set(leave.ref, updated ? { ...leave, presence: updated.previous } : leave)
    }
    for (const [keys, isPresent] of [
      [diff.appeared, true],
      [diff.disappeared, false],
    ] as const) {
      for (const key of keys) {
        // The key's first change tells whether it was present before.
        if (!presentBefore.has(key)) presentBefore.set(key, !isPresent)
        presentAfter.set(key, isPresent)
      }
    }
  }
  const moved = (isPresent: boolean) =>
    [...presentAfter]
      .filter(([key, after]) => after === isPresent && presentBefore.get(key) !== after)
      .map(([key]) => key)
  return {
    epoch: last.epoch,
    base: first.base,
    seq: last.seq,
    digest: last.digest,
    joins: [...joins.values()],
    updates: [...updates.values()],
    leaves: [...leaves.values()],
    appeared: moved(true),
    disappeared: moved(false),
  }
}

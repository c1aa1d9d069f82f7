import type { Key, PresenceRef } from '../ids'
import type { FullDiff, FullLeave, FullUpdate, Presence } from './types'

/**
 * One diff with the net effect of several that follow each other in one epoch (P-2):
 *
 * ```
 * join   + update -> join, at the later meta     update + update -> update, previous of the first
 * join   + leave  -> nothing                     update + leave  -> leave of what was there first
 * leave  + join   of one key                     -> both, and the key neither appears nor disappears
 * ```
 *
 * Refs are never used twice, so a leave is the last that is heard of one. Returns `null` for none.
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
        // Its first move tells what was there before: who appears was absent.
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

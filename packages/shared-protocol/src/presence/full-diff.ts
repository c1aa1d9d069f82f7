import type { AppliedChanges } from './presence-step'
import type { FullDiff, PresenceDiff } from './types'

/** Where a diff leads from and to, and the digest of what it leads to. */
export type DiffPlace = Pick<PresenceDiff, 'epoch' | 'base' | 'seq' | 'digest'>

/** The diff that tells what a change made of a set, with what was there before. */
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

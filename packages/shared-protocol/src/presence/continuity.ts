import type { Position } from '../ids'
import type { PresenceDiff } from './types'

/**
 * What to do with a diff that arrived while standing at `at` (P-1):
 *
 * ```
 * nothing held yet            -> ignore   the snapshot that comes will hold it
 * other epoch                 -> resync
 * seq  <= at.seq              -> ignore   held already
 * base == at.seq              -> apply
 * base  < at.seq < seq        -> resync   overlaps: part of it is held already
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

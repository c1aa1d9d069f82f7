import type { FullDiff, PresenceDiff, PresenceSnapshot } from '@rollcall/shared-protocol'

/** The result of {@link Registry.diff}. */
export interface RegistryDiff extends PresenceDiff {
  /** Whether `joins` holds everybody, so that you replace what you hold instead of changing it. */
  readonly isFull: boolean
}

/** A net change, without the previous presences that only this node needs. */
export function registryDiff(net: FullDiff): RegistryDiff {
  const { epoch, base, seq, digest, joins } = net
  const updates = net.updates.map(({ ref, rev, meta }) => ({ ref, rev, meta }))
  const leaves = net.leaves.map(({ ref, key, reason }) => ({ ref, key, reason }))
  return { isFull: false, epoch, base, seq, digest, joins, updates, leaves }
}

/** A whole state as the diff from nothing. */
export function registryDiffOfState({ epoch, seq, digest, presences }: PresenceSnapshot): RegistryDiff {
  return { isFull: true, epoch, base: 0, seq, digest, joins: presences, updates: [], leaves: [] }
}

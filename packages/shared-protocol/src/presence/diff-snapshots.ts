import type { PresenceRef } from '../ids'
import type { LeaveReason, Presence, PresenceChanges, PresenceLeave, PresenceUpdate } from './types'

/**
 * What takes one set of presences to another, net.
 *
 * @param reasons why presences left, by ref; `closed` where it does not say, since a set does not tell why
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

import type { FullDiff, LeaveReason, Presence, PresenceChanges } from '../presence/presence'
import { fullDiff } from '../presence/presence'
import { PresenceSet } from '../presence/presence-set'

/** One event in a topic. Numbers pick among the existing presences, so that any list of these is a history. */
export interface Happening {
  readonly kind: 'join' | 'update' | 'leave' | 'cut'
  readonly pick: number
  readonly key: string
}

/** The first state of a history and all its diffs, as a server knows them. */
interface History {
  readonly initial: readonly Presence[]
  readonly diffs: readonly FullDiff[]
}

/**
 * Turns events into diffs. `cut` ends a diff, and the events before the first cut make the first state. A ref is never
 * reused.
 */
export function playHistory(happenings: readonly Happening[]): History {
  const set = new PresenceSet()
  const diffs: FullDiff[] = []
  const alive = new Map<string, Presence>()
  let changes = newChanges()
  let initial: readonly Presence[] | null = null
  let refs = 0
  const cut = () => {
    const applied = set.apply(changes)
    if (initial === null) initial = [...set.presences()]
    else {
      const base = diffs.length
      diffs.push(fullDiff({ epoch: 'e', base, seq: base + 1, digest: set.digest }, applied))
    }
    changes = newChanges()
  }
  for (const { kind, pick, key } of happenings) {
    const one = [...alive.values()][pick % Math.max(1, alive.size)]
    if (kind === 'cut') cut()
    else if (kind === 'join') {
      const presence = { ref: `r${refs++}`, key, meta: { pick }, rev: 0 }
      alive.set(presence.ref, presence)
      changes.joins.push(presence)
    } else if (one && kind === 'update') {
      const updated = { ...one, rev: one.rev + 1, meta: { pick } }
      alive.set(one.ref, updated)
      changes.updates.push({ ref: updated.ref, rev: updated.rev, meta: updated.meta })
    } else if (one && kind === 'leave') {
      alive.delete(one.ref)
      changes.leaves.push({ ref: one.ref, key: one.key, reason: 'left' as LeaveReason })
    }
  }
  cut()
  return { initial: initial ?? [], diffs }
}

function newChanges() {
  return {
    joins: [] as Presence[],
    updates: [] as PresenceChanges['updates'][number][],
    leaves: [] as PresenceChanges['leaves'][number][],
  }
}

/** The difference between two states, found by comparing them. Tests compare net changes with it. */
export function netChange(before: Iterable<Presence>, after: Iterable<Presence>) {
  const was = new Map([...before].map((presence) => [presence.ref, presence]))
  const is = new Map([...after].map((presence) => [presence.ref, presence]))
  const keysBefore = new Set([...was.values()].map(({ key }) => key))
  const keysAfter = new Set([...is.values()].map(({ key }) => key))
  return {
    joins: [...is.values()].filter(({ ref }) => !was.has(ref)),
    updates: [...is.values()].flatMap((presence) => {
      const previous = was.get(presence.ref)
      return previous && previous.rev !== presence.rev ? [{ presence, previous }] : []
    }),
    leaves: [...was.values()].filter(({ ref }) => !is.has(ref)),
    appeared: [...keysAfter].filter((key) => !keysBefore.has(key)).sort(),
    disappeared: [...keysBefore].filter((key) => !keysAfter.has(key)).sort(),
  }
}

/** Sorted by ref, so that two lists with the same presences are equal. */
export function byRef<T extends { readonly ref: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.ref < b.ref ? -1 : 1))
}

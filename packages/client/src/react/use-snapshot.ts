import { useCallback, useRef, useSyncExternalStore } from 'react'
import { subscribePerFrame } from './frame-scheduler'

/** A source of snapshots: a socket, a channel or a presence. */
interface Observable<Snapshot> {
  subscribe(listener: () => void): () => void
  /** The same object until something has changed. */
  getSnapshot(): Snapshot
}

/** The snapshot of `source`. It is `empty` without a source, on a server, and while hydrating. */
export function useSnapshot<Snapshot>(source: Observable<Snapshot> | null, empty: Snapshot): Snapshot {
  return useSelected(source, empty, identity, Object.is)
}

/** A selection of a snapshot. The component renders again only when the selection is no longer equal. */
export function useSelected<Snapshot, Selected>(
  source: Observable<Snapshot> | null,
  empty: Snapshot,
  select: (snapshot: Snapshot) => Selected,
  isEqual: (a: Selected, b: Selected) => boolean,
): Selected {
  const subscribe = useCallback(
    (listener: () => void) => (source === null ? nothing : subscribePerFrame(source, listener)),
    [source],
  )
  const last = useRef<{ snapshot: Snapshot; select: unknown; selected: Selected }>(null)

  const read = (snapshot: Snapshot): Selected => {
    const before = last.current
    if (before && before.snapshot === snapshot && before.select === select) return before.selected
    const fresh = select(snapshot)
    // Returns the old object for an equal value: a new list each time would render endlessly.
    const selected = before && isEqual(before.selected, fresh) ? before.selected : fresh
    last.current = { snapshot, select, selected }
    return selected
  }
  return useSyncExternalStore(
    subscribe,
    () => read(source === null ? empty : source.getSnapshot()),
    () => read(empty),
  )
}

const nothing = (): void => {}

function identity<T>(value: T): T {
  return value
}

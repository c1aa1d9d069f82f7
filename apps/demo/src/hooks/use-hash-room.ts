import { useSyncExternalStore } from 'react'
import { roomFromHash } from '../model/room'

/** The room in the address, so that it can be linked, gone back from, and opened in another tab. */
export function useHashRoom(): string {
  return roomFromHash(useSyncExternalStore(subscribe, () => window.location.hash))
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

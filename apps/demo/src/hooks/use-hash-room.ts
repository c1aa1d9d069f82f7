import { useSyncExternalStore } from 'react'
import { roomFromHash } from '../model/room'

/** The room in the address, so that links, the back button and other tabs work. */
export function useHashRoom(): string {
  return roomFromHash(useSyncExternalStore(subscribe, () => window.location.hash))
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

import { useCallback, useSyncExternalStore } from 'react'
import { readStored, subscribeStored, writeStored } from '../io/browser-storage'

/** A stored text, live across tabs, and what changes it. */
export function useStored(name: string): readonly [string | null, (text: string) => void] {
  const text = useSyncExternalStore(subscribeStored, () => readStored(name))
  const write = useCallback((next: string) => writeStored(name, next), [name])
  return [text, write]
}

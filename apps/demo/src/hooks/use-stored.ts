import { useCallback, useSyncExternalStore } from 'react'
import { readStored, subscribeStored, writeStored } from '../io/browser-storage'

/** A stored text and its setter. All tabs see a change. */
export function useStored(name: string): readonly [string | null, (text: string) => void] {
  const text = useSyncExternalStore(subscribeStored, () => readStored(name))
  const write = useCallback((next: string) => writeStored(name, next), [name])
  return [text, write]
}

import { useCallback, useMemo } from 'react'
import { type Identity, parseIdentity } from '../model/identity'
import { useStored } from './use-stored'

/** The identity of this browser; `null` before the first visit. All tabs see a change. */
export function useIdentity(): readonly [Identity | null, (identity: Identity) => void] {
  const [text, write] = useStored('rollcall.identity')
  const identity = useMemo(() => parseIdentity(text), [text])
  const save = useCallback((next: Identity) => write(JSON.stringify(next)), [write])
  return [identity, save]
}

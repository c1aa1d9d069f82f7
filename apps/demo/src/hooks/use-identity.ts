import { useCallback, useMemo } from 'react'
import { type Identity, parseIdentity } from '../model/identity'
import { useStored } from './use-stored'

/** Who this browser is, `null` before the first introduction; all tabs learn of a change. */
export function useIdentity(): readonly [Identity | null, (identity: Identity) => void] {
  const [text, write] = useStored('rollcall.identity')
  const identity = useMemo(() => parseIdentity(text), [text])
  const save = useCallback((next: Identity) => write(JSON.stringify(next)), [write])
  return [identity, save]
}

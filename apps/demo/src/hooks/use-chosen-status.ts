import { isStatus, type Status } from '../model/status'
import { useStored } from './use-stored'

/** The status that somebody chose, on all their tabs at once. */
export function useChosenStatus(): readonly [Status, (status: Status) => void] {
  const [text, write] = useStored('rollcall.status')
  return [isStatus(text) ? text : 'online', write]
}

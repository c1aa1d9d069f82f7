import { isStatus, type Status } from '../model/status'
import { useStored } from './use-stored'

/** The chosen status, shared by all tabs. */
export function useChosenStatus(): readonly [Status, (status: Status) => void] {
  const [text, write] = useStored('rollcall.status')
  return [isStatus(text) ? text : 'online', write]
}

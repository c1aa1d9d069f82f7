import type { RollcallError } from '@rollcall/client'
import { useConnection } from '@rollcall/client/react'
import { problemWords } from '../model/problem-words'
import { RoomState } from './room-state'

interface Props {
  readonly title: string
  readonly isEntered: boolean
  /** The reason of the last failed join. The client tries again. */
  readonly error: RollcallError | null
  readonly people: number
}

/** A room without messages: joining, alone, or with others. */
export function EmptyRoom({ title, isEntered, error, people }: Props) {
  const { status } = useConnection()
  if (!isEntered) {
    if (status !== 'open') {
      return <RoomState icon="door" title={`Entering ${title}`} text="Waiting for the server to answer." />
    }
    const text = error === null ? 'Signing the register…' : `Still trying. ${problemWords(error)}`
    return <RoomState icon="door" title={`Entering ${title}`} text={text} />
  }
  return people > 1 ? (
    <RoomState
      icon="quill"
      title="Nothing said yet"
      text="Messages are not kept: you see what is said while you are here."
    />
  ) : (
    <RoomState
      icon="quill"
      title="Only you so far"
      text="Send somebody the link, or open this page in a private window: whoever comes appears at once."
    />
  )
}

import type { Channel } from '@rollcall/client'
import { usePresence } from '@rollcall/client/react'
import type { RoomMeta } from '../model/meta'
import { sameWords, typingNames } from '../model/roster'
import { typingSentence } from '../model/words'
import { TypingDots } from './typing-dots'
import styles from './typing-line.module.css'

interface Props {
  readonly channel: Channel<RoomMeta> | null
  readonly selfId: string
}

/** The people who are typing. The line keeps its place, and screen readers skip it because it changes all the time. */
export function TypingLine({ channel, selfId }: Props) {
  // Not while the map is stale: those people may have stopped.
  const names = usePresence(
    channel,
    (view) => (view.isStale ? [] : typingNames(view.list, selfId)),
    sameWords,
  )
  return (
    <p className={styles.line}>
      {names.length > 0 && <TypingDots />}
      <span className={styles.words}>{typingSentence(names)}</span>
    </p>
  )
}

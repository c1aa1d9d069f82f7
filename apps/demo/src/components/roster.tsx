import type { Channel } from '@rollcall/client'
import { usePresence } from '@rollcall/client/react'
import type { RoomMeta } from '../model/meta'
import { rosterKeys, sameWords } from '../model/roster'
import styles from './roster.module.css'
import { RosterRow } from './roster-row'

interface Props {
  readonly channel: Channel<RoomMeta> | null
  readonly selfId: string
}

/** The people in the room. After a lost connection, the last list stays, dimmed, until the new one is complete. */
export function Roster({ channel, selfId }: Props) {
  const keys = usePresence(channel, (view) => rosterKeys(view.list, selfId), sameWords)
  const isSynced = usePresence(channel, (view) => view.isSynced)
  const isStale = usePresence(channel, (view) => view.isStale)
  return (
    <div className={styles.roster}>
      <div className={styles.head}>
        <h2 className={styles.title}>{isStale ? 'Last seen here' : 'Here now'}</h2>
        <span className={styles.count}>{isSynced ? keys.length : ''}</span>
      </div>
      {isSynced ? (
        <ul className={styles.list} aria-label="People in this room" data-stale={isStale}>
          {keys.map((key) => (
            <RosterRow key={key} channel={channel} id={key} isSelf={key === selfId} />
          ))}
        </ul>
      ) : (
        <div className={styles.list} aria-hidden="true">
          {[62, 48, 74].map((width) => (
            <div key={width} className={styles.ghost}>
              <span className={styles.ghostDisc} />
              <span className={styles.ghostLine} style={{ width: `${width}%` }} />
            </div>
          ))}
        </div>
      )}
    </div>
  )
}

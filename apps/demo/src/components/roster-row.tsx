import type { Channel } from '@rollcall/client'
import { usePresenceEntry } from '@rollcall/client/react'
import { memo } from 'react'
import type { RoomMeta } from '../model/meta'
import { personOf } from '../model/person'
import { STATUS_LABELS } from '../model/status'
import { sinceText } from '../model/time'
import { count } from '../model/words'
import { Avatar } from './avatar'
import { Icon } from './icon'
import styles from './roster-row.module.css'
import { TypingDots } from './typing-dots'

interface Props {
  readonly channel: Channel<RoomMeta> | null
  readonly id: string
  readonly isSelf: boolean
}

/** One person. Renders again only when that person's presences change. */
export const RosterRow = memo(function RosterRow({ channel, id, isSelf }: Props) {
  const entry = usePresenceEntry(channel, id)
  if (entry === undefined) return null
  const { name, status, isTyping, devices, since } = personOf(entry)
  return (
    <li className={styles.row} data-status={status}>
      <Avatar id={id} name={name} status={status} />
      <div className={styles.words}>
        <p className={styles.line}>
          <span className={styles.name}>{name}</span>
          {isSelf && <span className={styles.you}>you</span>}
          <span className={styles.since}>{since !== null && sinceText(since, Date.now())}</span>
        </p>
        <p className={styles.line}>
          <span className={styles.state}>
            {isTyping && !isSelf ? (
              <>
                typing… <TypingDots />
              </>
            ) : (
              STATUS_LABELS[status]
            )}
          </span>
          {devices > 1 && (
            <span className={styles.devices}>
              <Icon name="devices" size={15} />
              {count(devices, 'device')}
            </span>
          )}
        </p>
      </div>
    </li>
  )
})

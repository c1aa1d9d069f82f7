import { memo } from 'react'
import type { MessageGroup as Group } from '../model/group-lines'
import { clockTime } from '../model/time'
import type { MessageLine } from '../model/timeline'
import { Avatar } from './avatar'
import { Icon } from './icon'
import styles from './message-group.module.css'
import { MessageText } from './message-text'

interface Props {
  readonly group: Group
  readonly isSelf: boolean
  readonly onRetry: (line: MessageLine) => void
  readonly onDiscard: (line: MessageLine) => void
}

/** Consecutive messages of one person. */
export const MessageGroup = memo(function MessageGroup({ group, isSelf, onRetry, onDiscard }: Props) {
  const { by, name, at, lines } = group
  return (
    <li className={styles.group} data-self={isSelf}>
      <Avatar id={by} name={name} />
      <div className={styles.words}>
        <p className={styles.head}>
          <span className={styles.name}>{name}</span>
          {isSelf && <span className={styles.you}>you</span>}
          <time className={styles.time} dateTime={new Date(at).toISOString()}>
            {clockTime(at)}
          </time>
        </p>
        {lines.map((line) => (
          <div key={line.id} className={styles.line} data-delivery={line.delivery}>
            <p className={styles.text}>
              <MessageText text={line.text} />
              {line.delivery === 'pending' && <span className={styles.pending}>sending…</span>}
            </p>
            {line.delivery === 'failed' && (
              <p className={styles.failed}>
                <span>Not sent. {line.problem}</span>
                <button type="button" onClick={() => onRetry(line)}>
                  Try again
                </button>
                <button type="button" onClick={() => onDiscard(line)} aria-label="Discard the message">
                  <Icon name="close" size={14} />
                </button>
              </p>
            )}
          </div>
        ))}
      </div>
    </li>
  )
})

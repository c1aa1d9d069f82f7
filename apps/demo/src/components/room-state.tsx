import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon'
import styles from './room-state.module.css'

interface Props {
  readonly icon: IconName
  readonly title: string
  readonly text: string
  readonly isAlert?: boolean
  readonly children?: ReactNode
}

/** The text in a room without messages: empty, refused or ended. */
export function RoomState({ icon, title, text, isAlert = false, children }: Props) {
  return (
    <div className={styles.state} role={isAlert ? 'alert' : undefined}>
      <span className={styles.icon}>
        <Icon name={icon} size={26} />
      </span>
      <h2 className={styles.title}>{title}</h2>
      <p className={styles.text}>{text}</p>
      {children && <div className={styles.buttons}>{children}</div>}
    </div>
  )
}

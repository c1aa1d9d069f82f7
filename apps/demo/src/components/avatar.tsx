import { avatarOf } from '../model/avatar'
import type { Status } from '../model/status'
import styles from './avatar.module.css'
import { StatusDot } from './status-dot'

interface Props {
  readonly id: string
  readonly name: string
  readonly size?: 'xs' | 's' | 'm' | 'l'
  readonly status?: Status
}

/** Initials on a colour by id. Screen readers skip it, because the name is beside it. */
export function Avatar({ id, name, size = 'm', status }: Props) {
  const { initials, ink } = avatarOf(id, name)
  return (
    <span className={styles.avatar} data-size={size} aria-hidden="true">
      <span className={styles.disc} data-ink={ink}>
        {initials}
      </span>
      {status && (
        <span className={styles.badge}>
          <StatusDot status={status} />
        </span>
      )}
    </span>
  )
}

import { useConnection } from '@rollcall/client/react'
import { connectionWords } from '../model/connection-words'
import styles from './connection-badge.module.css'

/** The state of the connection. It keeps its place, so nothing moves when the connection is lost. */
export function ConnectionBadge() {
  const { tone, label } = connectionWords(useConnection())
  return (
    <span className={styles.badge} data-tone={tone}>
      <span className={styles.light} aria-hidden="true" />
      <span className={styles.label}>{label}</span>
    </span>
  )
}

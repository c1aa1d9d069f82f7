import type { Status } from '../model/status'
import styles from './status-dot.module.css'

/** A status as a shape and a colour: full, crescent or barred. The word is beside it or in a label. */
export function StatusDot({ status }: { readonly status: Status }) {
  return (
    <svg
      className={styles.dot}
      data-status={status}
      aria-hidden="true"
      focusable="false"
      width="11"
      height="11"
      viewBox="0 0 12 12"
    >
      {status === 'away' ? (
        <path d="M10.6 7.7A5 5 0 1 1 4.9 1.1a4.2 4.2 0 0 0 5.7 6.6Z" fill="currentColor" />
      ) : (
        <circle cx="6" cy="6" r="5" fill="currentColor" />
      )}
      {status === 'busy' && <path d="M3.6 6h4.8" className={styles.bar} />}
    </svg>
  )
}

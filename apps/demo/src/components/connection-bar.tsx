import { useConnection, useRetryCountdown, useSocket } from '@rollcall/client/react'
import { connectionWords } from '../model/connection-words'
import styles from './connection-bar.module.css'

/** The problem with the connection, the time of the next attempt, and a button to try now. It lies over the room, so nothing moves. */
export function ConnectionBar() {
  const socket = useSocket()
  const connection = useConnection()
  const seconds = useRetryCountdown()
  const { tone, sentence } = connectionWords(connection)
  const isShown = tone === 'lost' || tone === 'over'
  const isTrying = connection.status === 'connecting'

  return (
    <div className={styles.frame}>
      {/* Always in the page, because screen readers miss a text that is added with its element. */}
      <p className="quiet" role="status">
        {isShown ? sentence : tone === 'good' ? 'Connected.' : ''}
      </p>
      {isShown && (
        <section className={styles.bar} data-tone={tone} aria-label="Connection">
          <p className={styles.sentence}>{sentence}</p>
          <p className={styles.next} role="timer">
            {tone === 'lost' && nextTry(isTrying, seconds)}
          </p>
          <button
            type="button"
            className={styles.button}
            aria-disabled={isTrying}
            onClick={() => {
              if (tone === 'over') socket.connect()
              else if (!isTrying) socket.reconnectNow()
            }}
          >
            {tone === 'over' ? 'Connect again' : 'Try now'}
          </button>
        </section>
      )}
    </div>
  )
}

function nextTry(isTrying: boolean, seconds: number | null): string {
  if (isTrying || seconds === 0) return 'Trying now…'
  return seconds === null ? 'Waiting for the network' : `Next try in ${seconds} s`
}

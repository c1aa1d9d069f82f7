import type { Clock, Timer } from '../../io/clock'

/** A reply may take this many times the timeout while other replies arrive. */
const PATIENCE = 5
/** A timer that is this many milliseconds late shows that this process was busy; replies are read first then. */
const LATE_MS = 250
/** Late timers in a row that are excused so. */
const MAX_LATE = 5

export interface ReplyWatchOptions {
  readonly clock: Clock
  /** Milliseconds of silence before `onSilence`. */
  readonly timeoutMs: number
  /** The clock's time of the latest reply on this connection. */
  readonly lastReplyMs: () => number
  readonly onSilence: () => void
}

/**
 * Calls `onSilence` once the connection has been silent for `timeoutMs`. A command may wait longer while earlier ones get
 * their replies, or if this process was too busy to read. Cancel the timer when the reply comes.
 */
export function watchForReply({ clock, timeoutMs, lastReplyMs, onSilence }: ReplyWatchOptions): Timer {
  const startedMs = clock.now()
  let timer: Timer
  let late = 0
  let isCancelled = false
  const check = (onOverdue: () => void) => {
    const nowMs = clock.now()
    const silentMs = nowMs - Math.max(startedMs, lastReplyMs())
    if (silentMs < timeoutMs && nowMs - startedMs < timeoutMs * PATIENCE) wait(timeoutMs - silentMs)
    else onOverdue()
  }
  const wait = (delayMs: number) => {
    const dueMs = clock.now() + delayMs
    timer = clock.after(delayMs, () => {
      if (clock.now() - dueMs > LATE_MS && late++ < MAX_LATE) return wait(LATE_MS)
      late = 0
      // Timers run before a busy process reads its sockets, so the reply may have arrived even if the timer is punctual.
      check(() =>
        clock.soon(() => {
          if (!isCancelled) check(onSilence)
        }),
      )
    })
  }
  wait(timeoutMs)
  return {
    cancel: () => {
      isCancelled = true
      timer.cancel()
    },
  }
}

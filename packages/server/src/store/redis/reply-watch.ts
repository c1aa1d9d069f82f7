import type { Clock, Timer } from '../../io/clock'

/** So many times its time an answer may take, as long as others are heard meanwhile. */
const PATIENCE = 5
/** Milliseconds by which a timer is late where this process itself was busy. What was answered meanwhile is read first. */
const LATE_MS = 250
/** So often in a row that is believed. */
const MAX_LATE = 5

export interface ReplyWatchOptions {
  readonly clock: Clock
  /** Milliseconds of silence that are too many. */
  readonly timeoutMs: number
  /** When anything was heard last of who is to answer, by the clock. */
  readonly lastReplyMs: () => number
  readonly onSilence: () => void
}

/**
 * Calls `onSilence` once who is to answer has been silent for `timeoutMs`. What waits behind others is in no hurry as long
 * as those are being answered, and where this process was busy itself nobody is to blame for it. To be cancelled by the
 * answer.
 */
export function watchForReply({ clock, timeoutMs, lastReplyMs, onSilence }: ReplyWatchOptions): Timer {
  const startedMs = clock.now()
  let timer: Timer
  let late = 0
  let isCancelled = false
  const judge = (onDoubt: () => void) => {
    const nowMs = clock.now()
    const silentMs = nowMs - Math.max(startedMs, lastReplyMs())
    if (silentMs < timeoutMs && nowMs - startedMs < timeoutMs * PATIENCE) wait(timeoutMs - silentMs)
    else onDoubt()
  }
  const wait = (delayMs: number) => {
    const dueMs = clock.now() + delayMs
    timer = clock.after(delayMs, () => {
      if (clock.now() - dueMs > LATE_MS && late++ < MAX_LATE) return wait(LATE_MS)
      late = 0
      // A process that was busy until now has read nothing since, and its timers run before it reads: the answer may be
      // there, however punctual the timer.
      judge(() =>
        clock.soon(() => {
          if (!isCancelled) judge(onSilence)
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

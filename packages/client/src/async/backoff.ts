/** Longest delay of a timer, in milliseconds. With a longer one, a timer fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** The pauses between failed attempts. */
export interface Backoff {
  /** Longest wait before the first retry, in milliseconds. @default 500 */
  readonly baseMs: number
  /** Longest wait of all, and the wait while the environment reports no network, in milliseconds. @default 8000 */
  readonly capMs: number
}

/** The longest wait after this many failures: `min(capMs, baseMs * 2^failures)`, in milliseconds. */
export function backoffCeiling(failures: number, { baseMs, capMs }: Backoff): number {
  return Math.min(capMs, baseMs * 2 ** failures)
}

/**
 * Whole milliseconds to wait after this many failures, spread by `random` (from 0, below 1) from 0 to the ceiling.
 * The range starts at 0 because all clients of a restarted server lose it at the same moment: with a narrower range
 * they would come back in waves. (C-2)
 */
export function backoffDelay(failures: number, backoff: Backoff, random: number): number {
  return Math.floor(random * backoffCeiling(failures, backoff))
}

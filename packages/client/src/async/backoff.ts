/** Longest delay that timers take, in milliseconds: they fire at once for more. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** How long to wait between tries that fail. */
export interface Backoff {
  /** Longest wait before the first retry, in milliseconds. @default 500 */
  readonly baseMs: number
  /** Longest wait of all, and the wait while the network is said to be gone, in milliseconds. @default 8000 */
  readonly capMs: number
}

/** The longest wait after that many failures: `min(capMs, baseMs * 2^failures)`, in milliseconds. */
export function backoffCeiling(failures: number, { baseMs, capMs }: Backoff): number {
  return Math.min(capMs, baseMs * 2 ** failures)
}

/**
 * Whole milliseconds to wait after that many failures: anywhere between nothing and the ceiling, as `random` (from
 * 0, below 1) says. Spread over the whole range, because the clients of a restarted server all lost it at the same
 * moment: with a smaller share of chance they would come back in waves. (C-2)
 */
export function backoffDelay(failures: number, backoff: Backoff, random: number): number {
  return Math.floor(random * backoffCeiling(failures, backoff))
}

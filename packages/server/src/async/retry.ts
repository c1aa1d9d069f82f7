/** The shortest and the longest pause between retries, in milliseconds. */
export interface RetryDelays {
  readonly minMs: number
  readonly maxMs: number
}

/** Retries of commits, adoptions and subscriptions in the store. */
export const STORE_RETRY: RetryDelays = { minMs: 250, maxMs: 1000 }

/** Retries of restoring a node's presences after Redis was unreachable. */
export const REDIS_RESTORE: RetryDelays = { minMs: 250, maxMs: 4000 }

/** Retries of connecting to Redis. */
export const REDIS_CONNECT: RetryDelays = { minMs: 50, maxMs: 1000 }

/** The pause after a number of failures in a row, in milliseconds. It doubles with each failure up to `maxMs`. */
export function retryDelay(failures: number, { minMs, maxMs }: RetryDelays): number {
  return Math.min(minMs * 2 ** Math.max(0, failures - 1), maxMs)
}

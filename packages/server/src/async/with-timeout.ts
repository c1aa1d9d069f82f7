import type { Clock } from '../io/clock'

/** The promise's outcome, or `late()`'s after `timeoutMs`. What a late promise comes to is dropped, rejections too. */
export function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  clock: Clock,
  late: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Called within a promise: what `late` throws would end the process if it came out of the timer.
    const timer = clock.after(timeoutMs, () => resolve(Promise.resolve().then(late)))
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}

import type { Clock } from '../io/clock'

/** The promise's outcome, or `late()` after `timeoutMs`. What a late promise comes to is dropped, rejections too. */
export function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  clock: Clock,
  late: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => resolve(late()))
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}

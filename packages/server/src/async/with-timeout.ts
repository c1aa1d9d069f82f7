import type { Clock } from '../io/clock'

/** Settles as the promise does, or as `onTimeout()` after `timeoutMs`. The outcome of a later promise is ignored. */
export function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  clock: Clock,
  onTimeout: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Called within a promise: an error that `onTimeout` threw in the timer would end the process.
    const timer = clock.after(timeoutMs, () => resolve(Promise.resolve().then(onTimeout)))
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}

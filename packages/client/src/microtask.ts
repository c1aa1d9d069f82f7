/**
 * Runs a function once the present one has returned. Not by `queueMicrotask`: fake timers replace it, and whatever
 * waited for it would wait until a test advances them. Nothing replaces the promise's own queue. (C-49)
 */
export function afterThisTurn(run: () => void): void {
  void Promise.resolve().then(run)
}

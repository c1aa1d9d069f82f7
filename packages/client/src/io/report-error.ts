// As it was when this file was loaded: fake timers replace it, and would keep the error to themselves.
const queueSoon = globalThis.queueMicrotask

/**
 * Hands on what an application's listener threw, to where uncaught errors go. Never throws itself: one bad listener
 * must not stop the others, nor the socket that called it. (C-12)
 */
export function reportUncaught(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else {
    queueSoon(() => {
      throw error
    })
  }
}

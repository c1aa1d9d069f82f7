import { EventEmitter } from 'eventemitter3'

type Listener = (...args: never[]) => void

/** Listeners by event name. One that throws stops neither the others nor the caller of {@link emit}. (C-12) */
export class Listeners<Events extends { [E in keyof Events]: Listener }> {
  readonly #emitter = new EventEmitter<string>()

  on<E extends keyof Events & string>(event: E, listener: Events[E]): void {
    this.#emitter.on(event, guarded(listener))
  }

  once<E extends keyof Events & string>(event: E, listener: Events[E]): void {
    this.#emitter.once(event, guarded(listener))
  }

  /** Removes a listener; without one, all listeners of the event. */
  off<E extends keyof Events & string>(event: E, listener?: Events[E]): void {
    if (listener === undefined) this.#emitter.removeAllListeners(event)
    else this.#emitter.off(event, guarded(listener))
  }

  emit<E extends keyof Events & string>(event: E, ...args: Parameters<Events[E]>): void {
    this.#emitter.emit(event, ...args)
  }

  hasListeners(event: keyof Events & string): boolean {
    return this.#emitter.listenerCount(event) > 0
  }
}

/** Listeners that are called when a snapshot has changed, and read it themselves. */
export class ChangeListeners {
  readonly #listeners = new Listeners<{ change: () => void }>()

  subscribe(listener: () => void): () => void {
    // Wraps the listener: one that is subscribed twice is called twice, and unsubscribed one by one.
    const own = () => listener()
    this.#listeners.on('change', own)
    return () => this.#listeners.off('change', own)
  }

  notify(): void {
    this.#listeners.emit('change')
  }
}

type AnyFunction = (...args: unknown[]) => void
const guards = new WeakMap<Listener, AnyFunction>()

/** Returns the same function for the same listener, so that `off` finds the one that `on` added. */
function guarded(listener: Listener): AnyFunction {
  const known = guards.get(listener)
  if (known) return known
  const guard: AnyFunction = (...args) => {
    try {
      ;(listener as AnyFunction)(...args)
    } catch (error) {
      reportUncaught(error)
    }
  }
  guards.set(listener, guard)
  return guard
}

// Read when this file is loaded: fake timers replace it, and would hold the error back.
const queueSoon = globalThis.queueMicrotask

/**
 * Reports an error of an application's listener as uncaught. Never throws: a listener that fails must not stop the
 * others or the socket. (C-12)
 */
export function reportUncaught(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else {
    queueSoon(() => {
      throw error
    })
  }
}

import { EventEmitter } from 'eventemitter3'

type Listener = (...args: never[]) => void

/** Listeners by event name. One that throws stops neither the others nor whoever told them. (C-12) */
export class Listeners<Events extends { [E in keyof Events]: Listener }> {
  readonly #emitter = new EventEmitter<string>()

  on<E extends keyof Events & string>(event: E, listener: Events[E]): void {
    this.#emitter.on(event, guarded(listener))
  }

  once<E extends keyof Events & string>(event: E, listener: Events[E]): void {
    this.#emitter.once(event, guarded(listener))
  }

  /** Without a listener: all of the event. */
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

/** Those who want to know that a snapshot changed, and ask for it themselves. */
export class ChangeListeners {
  readonly #listeners = new Listeners<{ change: () => void }>()

  subscribe(listener: () => void): () => void {
    // A function of its own for each subscription: one given twice is told twice, and unsubscribed one by one.
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

/** The same function for the same listener every time, so that `off` finds what `on` added. */
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

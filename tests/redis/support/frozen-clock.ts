import type { RedisStoreOptions } from '@rollcall/server'

type Clock = NonNullable<RedisStoreOptions['clock']>

/** The system's clock, whose timers wait while it is frozen: time passes, and the program does not run. */
export class FrozenClock implements Clock {
  #isFrozen = false
  #held: (() => void)[] = []

  now(): number {
    return performance.now()
  }

  timeMs(): number {
    return Date.now()
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    let isCancelled = false
    const handle = setTimeout(() => this.#run(() => void (isCancelled || run())), delayMs)
    return {
      cancel: () => {
        isCancelled = true
        clearTimeout(handle)
      },
    }
  }

  soon(run: () => void): void {
    setImmediate(() => this.#run(run))
  }

  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    this.#isFrozen = false
    for (const run of this.#held.splice(0)) run()
  }

  #run(run: () => void): void {
    if (this.#isFrozen) this.#held.push(run)
    else run()
  }
}

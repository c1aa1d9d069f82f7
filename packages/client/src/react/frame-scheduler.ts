import { type Frames, systemFrames } from '../io/frames'
import { reportUncaught } from '../listeners'

/*
 *   diff, diff, diff, …           one wire frame each: the core tells its listeners of each
 *          |
 *       add(listener)             any number of times
 *          |   where a page is painted: wait for its next animation frame
 *          |   elsewhere (no page, a hidden tab): at once
 *       listener()                once; it reads what is true by then
 */

/** Tells listeners of changes at most once per animation frame. All of them share one request for the next. */
export class FrameScheduler {
  readonly #frames: Frames
  readonly #waiting = new Set<() => void>()
  #cancel: (() => void) | null = null

  constructor(frames: Frames) {
    this.#frames = frames
  }

  add(listener: () => void): void {
    if (!this.#frames.isVisible()) return listener()
    this.#waiting.add(listener)
    this.#cancel ??= this.#frames.next(() => this.#run())
  }

  /** From here on the listener is not called for what it was added for before. */
  remove(listener: () => void): void {
    this.#waiting.delete(listener)
    if (this.#waiting.size > 0) return
    this.#cancel?.()
    this.#cancel = null
  }

  #run(): void {
    this.#cancel = null
    for (const listener of [...this.#waiting]) {
      // One that was called may have removed others.
      if (!this.#waiting.delete(listener)) continue
      try {
        listener()
      } catch (error) {
        reportUncaught(error)
      }
    }
  }
}

const pageScheduler = new FrameScheduler(systemFrames)

/** Subscribes so that `listener` is told at most once per animation frame, however often the source changes. */
export function subscribePerFrame(
  source: { subscribe(listener: () => void): () => void },
  listener: () => void,
): () => void {
  // A function of its own for each subscription: ending one leaves the others of the same listener in place.
  const tell = () => listener()
  const unsubscribe = source.subscribe(() => pageScheduler.add(tell))
  return () => {
    unsubscribe()
    pageScheduler.remove(tell)
  }
}

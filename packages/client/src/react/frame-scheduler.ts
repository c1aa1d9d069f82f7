import { type Frames, systemFrames } from '../io/frames'
import { reportUncaught } from '../listeners'

/*
 *   diff, diff, diff, …           the core calls its listeners for each frame of the wire
 *          |
 *       add(listener)             any number of times
 *          |   in a page that is painted: wait for its next animation frame
 *          |   elsewhere (no page, a hidden tab): at once
 *       listener()                once; it reads the latest state
 */

/** Calls each listener at most once per animation frame. All share one request for the next frame. (C-32) */
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

  /** Cancels the waiting calls of the listener. */
  remove(listener: () => void): void {
    this.#waiting.delete(listener)
    if (this.#waiting.size > 0) return
    this.#cancel?.()
    this.#cancel = null
  }

  #run(): void {
    this.#cancel = null
    for (const listener of [...this.#waiting]) {
      // A listener that was just called may have removed this one.
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

/** Subscribes to a source, and calls `listener` at most once per animation frame. */
export function subscribePerFrame(
  source: { subscribe(listener: () => void): () => void },
  listener: () => void,
): () => void {
  // Wraps the listener, so that the end of this subscription does not end others of the same listener.
  const notify = () => listener()
  const unsubscribe = source.subscribe(() => pageScheduler.add(notify))
  return () => {
    unsubscribe()
    pageScheduler.remove(notify)
  }
}

/** The animation frames of a page. Tests replace it. */
export interface Frames {
  /** Whether a page is painted. If it is not, there is no frame to wait for. */
  isVisible(): boolean
  /** Calls `run` once, right before the next paint. Returns a function that cancels it. */
  next(run: () => void): () => void
}

/**
 * Longest wait for a frame, in milliseconds. A document can be visible and still not be painted, for example in an
 * iframe that is scrolled out of sight.
 */
const HIDDEN_FRAME_MS = 250

/** The animation frames of the browser's page. Node and hidden tabs have none. */
export const systemFrames: Frames = {
  isVisible: () =>
    typeof document !== 'undefined' &&
    document.visibilityState === 'visible' &&
    typeof requestAnimationFrame === 'function',

  next(run) {
    const page = document
    const end = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      page.removeEventListener('visibilitychange', runIfHidden)
    }
    const runOnce = () => {
      end()
      run()
    }
    // A page that becomes hidden is not painted until it is visible again.
    const runIfHidden = () => {
      if (page.visibilityState !== 'visible') runOnce()
    }
    const frame = requestAnimationFrame(runOnce)
    const timer = setTimeout(runOnce, HIDDEN_FRAME_MS)
    page.addEventListener('visibilitychange', runIfHidden)
    return end
  },
}

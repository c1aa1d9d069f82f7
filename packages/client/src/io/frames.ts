/** When a page is painted. Injected, so that tests own it. */
export interface Frames {
  /** Whether somebody looks at a page. Where nobody does nothing is painted, and nothing need wait for it. */
  isVisible(): boolean
  /** Calls `run` once, right before the next paint. Returns what cancels it. */
  next(run: () => void): () => void
}

/**
 * A document can count as visible and still not be painted: an iframe that is scrolled out of sight. Long enough to be
 * no frame of a page that is painted, in milliseconds.
 */
const HIDDEN_FRAME_MS = 250

/** Animation frames of the browser's page. In Node there is none, nor in a tab that nobody looks at. */
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
      page.removeEventListener('visibilitychange', looked)
    }
    const runOnce = () => {
      end()
      run()
    }
    // A page that is hidden is not painted before it is seen again, if ever.
    const looked = () => {
      if (page.visibilityState !== 'visible') runOnce()
    }
    const frame = requestAnimationFrame(runOnce)
    const timer = setTimeout(runOnce, HIDDEN_FRAME_MS)
    page.addEventListener('visibilitychange', looked)
    return end
  },
}

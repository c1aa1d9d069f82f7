/** Options for `vi.useFakeTimers`: the test paints the page by `vi.advanceTimersToNextFrame`. */
export function fakeFrames() {
  return {
    toFake: [
      'requestAnimationFrame' as const,
      'cancelAnimationFrame' as const,
      'setTimeout' as const,
      'clearTimeout' as const,
    ],
  }
}

/** For `vi.useFakeTimers`: a page is painted when the test says so, with `vi.advanceTimersToNextFrame`. */
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

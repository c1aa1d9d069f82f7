export const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Does it at the start of each period, and makes up for those that it was late for. Returns how often it was. */
export async function every(
  periodMs: number,
  durationMs: number,
  act: (index: number) => void,
): Promise<number> {
  const startedMs = performance.now()
  let count = 0
  while (count * periodMs < durationMs) {
    const waitMs = startedMs + count * periodMs - performance.now()
    if (waitMs > 0) await pass(waitMs)
    act(count++)
  }
  return count
}

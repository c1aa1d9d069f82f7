/** Milliseconds to wait after so many failures in a row, the first being 1: twice as long each time, up to `maxMs`. */
export function retryDelay(failures: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** Math.max(0, failures - 1), maxMs)
}

/** Does something with each item, at most `width` at a time. Rejects with the first failure, when no more are begun. */
export async function eachOf<T>(
  items: Iterable<T>,
  width: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = [...items]
  let next = 0
  const work = async () => {
    while (next < rest.length) {
      const item = rest[next++] as T
      try {
        await act(item)
      } catch (error) {
        next = rest.length
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, rest.length) }, work))
}

/** @param {number} startedAt from `performance.now()` */
export const secondsSince = (startedAt) => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`

/**
 * Numbered lines of progress: `[2/4] installing packages ... 12.3 s`.
 *
 * @param {number} total how many steps there will be
 */
export function createSteps(total) {
  let done = 0

  return {
    /**
     * A step whose output is kept: its line is begun now and completed at its end. On a terminal it counts the
     * seconds meanwhile.
     *
     * @template T
     * @param {string} title
     * @param {() => T | Promise<T>} work
     * @param {(result: T) => string} [summarize] said before the duration
     * @returns {Promise<T>}
     */
    async quiet(title, work, summarize = () => '') {
      const line = `[${++done}/${total}] ${title} ... `
      const startedAt = performance.now()
      process.stdout.write(line)
      const ticking = process.stdout.isTTY
        ? setInterval(() => process.stdout.write(`\r${line}${secondsSince(startedAt)}`), 1_000)
        : undefined
      const rewind = process.stdout.isTTY ? `\r${line}` : ''
      try {
        const result = await work()
        const summary = summarize(result)
        console.log(`${rewind}${summary ? `${summary}, ` : ''}${secondsSince(startedAt)}`)
        return result
      } catch (error) {
        console.log(`${rewind}failed, ${secondsSince(startedAt)}`)
        throw error
      } finally {
        clearInterval(ticking)
      }
    },

    /**
     * A step whose output is shown as it comes, between its first line and its summary.
     *
     * @template T
     * @param {string} title
     * @param {() => Promise<T>} work
     * @param {(result: T) => string} summarize
     * @returns {Promise<T>}
     */
    async live(title, work, summarize) {
      const number = `[${++done}/${total}]`
      const startedAt = performance.now()
      console.log(`${number} ${title}`)
      const result = await work()
      console.log(`${number} ${title} ... ${summarize(result)}, ${secondsSince(startedAt)}`)
      return result
    },
  }
}

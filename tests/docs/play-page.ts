import type { Fence } from './markdown'
import type { RunningPage } from './running-page'

export const isCode = ({ language }: Fence) => ['js', 'ts', 'tsx'].includes(language)

/** Whether a page's programs talk to the server that `npm start` runs, on port 9090. */
export const needsReference = (fences: readonly Fence[]) =>
  fences.some(({ words }) => words.includes('reference') || words.some((word) => word.includes(':9090/')))

/**
 * Runs a page from top to bottom: writes its programs, starts them, and compares what they print.
 *
 * @param nameOf - How a file is called here whose name in the page is `server.mjs`.
 * @param areFilesThere - The programs' files are in the folder already.
 */
export async function playPage(
  page: RunningPage,
  fences: readonly Fence[],
  nameOf = (name: string) => name,
  areFilesThere = false,
): Promise<void> {
  let latest = ''
  for (const [index, fence] of fences.entries()) {
    const [mark, ...more] = fence.words
    if (isCode(fence) && (mark === 'run' || mark === 'file')) {
      const isNamed = more[0] !== undefined && more[0] !== 'reference'
      latest = isNamed ? nameOf(more.join(' ')) : `snippet-${fence.line}.mts`
      if (!areFilesThere) await page.write(latest, fence.text)
      if (mark === 'file') continue
      page.start(latest)
      const next = fences[index + 1]
      const hasOutput = next?.words[0] === 'output' && next.words.length === 1
      if (hasOutput) await page.prints(latest, next.text)
      if (!isNamed) await page.ends(latest)
    } else if (mark === 'output' && more.length > 0) {
      latest = nameOf(more.join(' '))
      page.start(latest)
      await page.prints(latest, fence.text)
    }
  }
}

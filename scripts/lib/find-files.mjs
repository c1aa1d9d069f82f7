import { readdirSync } from 'node:fs'
import { root } from './repository.mjs'

const skipped = new Set(['node_modules', 'dist', '.git', 'test-results', 'coverage'])

/**
 * Files of the repository, by path relative to it, without what is installed or built.
 *
 * @param {(path: string) => boolean} isWanted
 * @returns {string[]}
 */
export function findFiles(isWanted) {
  /** @param {string} folder @returns {string[]} */
  const walk = (folder) =>
    readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = folder ? `${folder}/${entry.name}` : entry.name
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path)
      return isWanted(path) ? [path] : []
    })
  return walk('')
}

import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { expect, test } from 'vitest'
import { mutants } from './mutants'

/*
 * Whoever moves or rewrites a line of the source learns at once which mutants stood on it. `npm run mutants` would tell
 * as well, but nobody runs all of them for each change.
 */

test.each(mutants)('$name finds its text once in $file', ({ file, find }) => {
  expect(readFileSync(file, 'utf8').split(find).length - 1).toBe(1)
})

test.each(mutants)('$name names tests that exist', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0)
  expect(tests.filter((beginning) => !hasTests(beginning))).toEqual([])
})

test('each mutant has a name of its own', () => {
  const names = mutants.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

/** Whether a test file's path, or that of a folder, begins with this. */
function hasTests(beginning: string): boolean {
  return readdirSync(dirname(beginning), { withFileTypes: true }).some(
    (entry) =>
      entry.name.startsWith(basename(beginning)) && (entry.isDirectory() || entry.name.includes('.test.')),
  )
}

// A regular expression may take time with the square of a text, or worse, where it has to try again from many places:
// a stranger's header of 16 KB then costs as much as a thousand honest ones. recheck (https://makenowjust-labs.github.io/recheck/)
// proves of each literal that its time grows as the text does, or shows the text with which it does not. Tests are not
// looked at: nobody else chooses what they read.

import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { findFiles } from './lib/find-files.mjs'
import { at } from './lib/repository.mjs'

// In this process: recheck's other engines are a binary for each platform, and Java.
process.env.RECHECK_BACKEND = 'pure'
const { checkSync } = await import('recheck')

/** @typedef {{ file: string, line: number, literal: string }} Pattern */

const isChecked = (/** @type {string} */ path) =>
  /^(packages|apps|scripts|examples|bench)\//.test(path) &&
  /\.(tsx?|mjs)$/.test(path) &&
  !/\.(test|test-d|spec)\.tsx?$/.test(path)

/** @param {string} file @returns {Pattern[]} */
function patternsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(at(file), 'utf8'), ts.ScriptTarget.Latest)
  /** @type {Pattern[]} */
  const found = []
  /** @param {ts.Node} node */
  const look = (node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.end)
      found.push({ file, line: line + 1, literal: node.text })
    }
    ts.forEachChild(node, look)
  }
  look(source)
  return found
}

/** What is wrong with a pattern; null where its time grows as the text does. @param {string} literal */
function problemOf(literal) {
  const end = literal.lastIndexOf('/')
  const result = checkSync(literal.slice(1, end), literal.slice(end + 1), { timeout: 20_000, randomSeed: 1 })
  if (result.status === 'safe') return null
  if (result.status === 'unknown') return `recheck cannot tell (${result.error.kind}): make it simpler`
  return `takes ${result.complexity.summary} time with ${result.attack.pattern}: split or scan instead`
}

const patterns = findFiles(isChecked).flatMap(patternsOf)
let errors = 0
for (const { file, line, literal } of patterns) {
  const problem = problemOf(literal)
  if (problem === null) continue
  errors++
  console.log(`${file}:${line}: ${literal} ${problem}`)
}
console.log(
  `patterns: ${patterns.length} regular expressions, ${errors === 0 ? 'none slower than its text is long' : `${errors} errors`}`,
)
process.exitCode = errors === 0 ? 0 : 1

// Source files of the packages have at most 300 lines: a longer file is about two things, and wants to be two files.

import { readFileSync } from 'node:fs'
import { findFiles } from './lib/find-files.mjs'
import { at } from './lib/repository.mjs'

const MAX_LINES = 300

const isSource = (/** @type {string} */ path) =>
  /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|test-d)\.tsx?$/.test(path)

const long = findFiles(isSource)
  .map((path) => ({ path, lines: readFileSync(at(path), 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > MAX_LINES)
  .sort((a, b) => b.lines - a.lines)

for (const { path, lines } of long) console.log(`${path}: ${lines} lines. Split it by noun.`)
console.log(`size: ${long.length === 0 ? 'no' : long.length} source files over ${MAX_LINES} lines`)
process.exitCode = long.length === 0 ? 0 : 1

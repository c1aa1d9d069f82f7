// A law in a package's SPEC.md, such as `- **C-12** No diff before a snapshot`, is kept by a test with `[C-12]` in
// its title. A law without a test is a wish, and a test of a law that nobody wrote down checks nothing known.

import { readFileSync } from 'node:fs'
import { findFiles } from './lib/find-files.mjs'
import { at } from './lib/repository.mjs'

const lawLine = /^[-*# \t]*\*\*([A-Z]{1,3}-\d+[a-z]?)\*\*/gm

/** A string that is a call's first argument: the title in `test('…')`, `it.each(…)('…')`, `test.prop(…)('…')`. */
const title = /(\.(?:skip|todo))?\(\s*(['"`])((?:\\.|(?!\2)[^\\])*)\2/g

/** One or more ids: `[C-12]`, `[C-12, P-3]`. */
const citation = /\[([A-Z]{1,3}-\d+[a-z]?(?:,\s*[A-Z]{1,3}-\d+[a-z]?)*)\]/g

// A conformance suite is no test file itself: the tests of each store, listener and wire run it.
const isTest = (/** @type {string} */ path) => /\.(test|spec)\.tsx?$|[/-]conformance\.ts$/.test(path)

/** @type {Map<string, string>} law to the file that states it */
const laws = new Map()
/** @type {Map<string, string>} law to the first file with a test of it */
const cited = new Map()
/** @type {string[]} */
const errors = []

for (const file of findFiles((path) => /^packages\/[^/]+\/SPEC\.md$/.test(path))) {
  for (const [, law = ''] of readFileSync(at(file), 'utf8').matchAll(lawLine)) {
    const other = laws.get(law)
    if (other) errors.push(`${file}: ${law} is taken, by ${other}`)
    laws.set(law, file)
  }
}

for (const file of findFiles(isTest)) {
  for (const [, isSkipped, , text = ''] of readFileSync(at(file), 'utf8').matchAll(title)) {
    if (isSkipped) continue
    for (const [, ids = ''] of text.matchAll(citation)) {
      for (const law of ids.split(/,\s*/)) if (!cited.has(law)) cited.set(law, file)
    }
  }
}

for (const [law, file] of laws) if (!cited.has(law)) errors.push(`${file}: no test has [${law}] in its title`)
for (const [law, file] of cited) if (!laws.has(law)) errors.push(`${file}: no SPEC.md has the law ${law}`)

for (const error of errors) console.log(error)
console.log(
  `laws: ${laws.size} laws, ${errors.length === 0 ? 'all cited by a test' : `${errors.length} errors`}`,
)
process.exitCode = errors.length === 0 ? 0 : 1

// The glossary lists retired words beside the ones in use. No source calls anything by a retired word.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findFiles } from '../../scripts/lib/find-files.mjs'
import { at } from '../../scripts/lib/repository.mjs'

const glossary = readFileSync(at('GLOSSARY.md'), 'utf8')
const [words = '', retiredPart = ''] = glossary.split('## Retired words')
const retired = new Map(
  [...retiredPart.matchAll(/^\| (.+?) \| `(.+?)` \|$/gm)].flatMap(([, old = '', current = '']) =>
    old.split(', ').map((word) => [word.replaceAll('`', ''), current] as const),
  ),
)

const isSource = (path: string) =>
  /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|test-d)\.tsx?$/.test(path)

/** Names that the code uses, without comments and texts. */
function identifiersOf(path: string): ReadonlySet<string> {
  const code = readFileSync(at(path), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'/g, "''")
  return new Set(code.match(/[A-Za-z_$][\w$]*/g))
}

describe('the glossary', () => {
  test('names retired words that no source uses as an identifier', () => {
    expect(retired.size).toBeGreaterThan(20)
    const used = findFiles(isSource).flatMap((path) => {
      const identifiers = identifiersOf(path)
      return [...retired]
        .filter(([word]) => identifiers.has(word))
        .map(([word, current]) => `${path}: ${word}, say ${current}`)
    })
    expect(used).toEqual([])
  })

  test('lists the words of each group in alphabetical order', () => {
    for (const group of words.split(/^## /m).slice(1)) {
      const listed = [...group.matchAll(/^\| (?!word |-)(.+?) \|/gm)].map(([, word = '']) =>
        word.toLowerCase(),
      )
      expect(listed.length).toBeGreaterThan(3)
      expect(listed).toEqual([...listed].sort())
    }
  })
})

// Links lead somewhere, paths that a page names are there, and commands that it gives exist.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'
import { documentPaths, GENERATED, type MarkdownDocument, readDocument } from './markdown'

const pages = documentPaths().map(readDocument)
const scripts = new Set([
  'install',
  ...Object.keys(JSON.parse(readFileSync(at('package.json'), 'utf8')).scripts),
])

const isElsewhere = (target: string) => /^(https?:|mailto:)/.test(target)

function brokenLinks(page: MarkdownDocument): string[] {
  return page.links.flatMap(({ target, line }) => {
    if (isElsewhere(target)) return []
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file))
    if (path.startsWith(GENERATED)) return []
    if (!existsSync(at(path))) return [`line ${line}: there is no ${path}`]
    if (anchor === undefined) return []
    const anchors = readDocument(path).headings.map((heading) => heading.anchor)
    return anchors.includes(anchor) ? [] : [`line ${line}: ${path} has no heading #${anchor}`]
  })
}

function missingPaths({ text }: MarkdownDocument): string[] {
  const named = [...text.matchAll(/`((?:packages|apps|scripts|tests|examples|docs|lint)\/[\w./-]*)`/g)]
  return named
    .map(([, path = '']) => path)
    .filter((path) => !path.startsWith(GENERATED) && !existsSync(at(path)))
}

function unknownCommands({ text }: MarkdownDocument): string[] {
  const run = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name)
  return run.filter((name) => !scripts.has(name))
}

describe.each(pages)('$path', (page) => {
  test('has no link that leads nowhere', () => {
    expect(brokenLinks(page)).toEqual([])
  })

  test('names no path that is not there', () => {
    expect(missingPaths(page)).toEqual([])
  })

  test('gives no command that does not exist', () => {
    expect(unknownCommands(page)).toEqual([])
  })

  test("tells nothing of one machine's folders", () => {
    expect(page.text).not.toMatch(/(^|[\s`(])\/(work|home|root|Users|tmp)\//)
  })
})

test('the pages that readers are sent to are there', () => {
  expect(pages.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'GLOSSARY.md', 'SECURITY.md']),
  )
})

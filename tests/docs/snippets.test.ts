// The code in the pages: what is marked `run` runs and prints what the page says; what is marked `from` stands in that
// file; all code, JavaScript too, and the examples of the packages' docstrings, compile as strict TypeScript.
//
//   ```js run server.mjs        a file; `node server.mjs` is started, and stays until the page ends
//   ```js file client.mjs       a file that is not started yet
//   ```ts run                   a file without a name, which has to end by itself
//   ```text output              what the program before prints next
//   ```text output client.mjs Ada   what `node client.mjs Ada` prints next; started if it does not run yet
//   ```ts run reference         as `run`, with the reference server on port 9090
//
// Where a page writes port 9090 it means the reference server; a server of its own listens on port 4000.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { createServer, type RollcallServer } from '@rollcall/server'
import { afterEach, describe, expect, test } from 'vitest'
import { findFiles } from '../../scripts/lib/find-files.mjs'
import { at } from '../../scripts/lib/repository.mjs'
import { documentPaths, readDocument } from './markdown'
import { isCode, needsReference, playPage } from './play-page'
import { RunningPage } from './running-page'

const pages = documentPaths().map(readDocument)
const silent = { debug() {}, info() {}, warn() {}, error() {} }

let page: RunningPage | null = null
let reference: RollcallServer | null = null

afterEach(async () => {
  const [open, server] = [page, reference]
  page = null
  reference = null
  await server?.close()
  await open?.close()
})

describe('programs in a page run, and print what it says', () => {
  const programs = pages.filter(({ fences }) => fences.some(({ words }) => words[0] === 'run'))

  test.each(programs)(
    '$path',
    async ({ fences }) => {
      page = await RunningPage.open()
      if (needsReference(fences)) {
        reference = createServer({ port: page.port, logger: silent })
        await reference.listen()
      }
      await playPage(page, fences)
    },
    60_000,
  )
})

// It is where `npm start` listens, so a reader could not start both.
test.each(pages)('no program in $path listens on port 9090', ({ fences }) => {
  const listening = fences.filter((fence) => isCode(fence) && /\bport: 9090|listen\(9090/.test(fence.text))
  expect(listening.map(({ line }) => line)).toEqual([])
})

describe('what a page quotes from a file stands there', () => {
  const quotes = pages.flatMap(({ path, fences }) =>
    fences
      .filter(({ words }) => words[0] === 'from')
      .map((fence) => ({ where: `${path}:${fence.line}`, file: fence.words[1] ?? '', text: fence.text })),
  )

  test.each(quotes)('$where, from $file', async ({ file, text }) => {
    expect(await readFile(at(file), 'utf8')).toContain(text)
  })
})

// One run of the compiler for all: starting it takes longer than the snippets do.
test('code in the pages, and the examples of docstrings, compile', async () => {
  const files = new Map([...codeOfPages(), ...(await examplesOfDocstrings())])
  expect(files.size).toBeGreaterThan(30)
  expect(await compile(files)).toBe('')
}, 120_000)

function codeOfPages(): Map<string, string> {
  const files = new Map<string, string>()
  for (const { path, fences } of pages) {
    for (const fence of fences) {
      if (!isCode(fence) || ['from', 'output'].includes(fence.words[0] ?? '')) continue
      // JavaScript too: a reader pastes it into a file of TypeScript.
      const extension = fence.language === 'js' ? 'ts' : fence.language
      files.set(`${path.replaceAll('/', '_')}_line_${fence.line}.${extension}`, fence.text)
    }
  }
  return files
}

async function examplesOfDocstrings(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const entries = new Map<string, Set<string>>()
  for (const [entry, path] of [
    ['@rollcall/server', 'packages/server/src/index.ts'],
    ['@rollcall/server/store-conformance', 'packages/server/src/conformance/store-conformance.ts'],
    ['@rollcall/server/wire-conformance', 'packages/server/src/conformance/wire-conformance.ts'],
  ] as const) {
    entries.set(entry, exportsOf(await readFile(at(path), 'utf8')))
  }
  for (const path of findFiles((file) => /^packages\/[^/]+\/src\/.*(?<!\.test)\.tsx?$/.test(file))) {
    for (const [number, example] of examplesIn(await readFile(at(path), 'utf8')).entries()) {
      files.set(
        `${path.replaceAll('/', '_').replace(/\.tsx?$/, '')}_${number}.tsx`,
        completed(example, entries),
      )
    }
  }
  return files
}

/** Names that a file exports: in lists, or where they are declared. */
function exportsOf(source: string): Set<string> {
  const listed = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.replace(/^\s*type /, '').trim()),
  )
  const declared = [...source.matchAll(/^export (?:function|class|const|interface|type) (\w+)/gm)]
  return new Set([...listed, ...declared.map(([, name = '']) => name)])
}

/** What follows each `@example`, up to the next tag, without the comment's stars and fences. */
function examplesIn(source: string): string[] {
  return [...source.matchAll(/^\s*\/\*\*[\s\S]*?\*\//gm)].flatMap(([comment]) =>
    comment
      .split('@example')
      .slice(1)
      .map((part) =>
        part
          .split('\n')
          .map((line) => line.replace(/^\s*\*\/?\s?/, '').replace(/\s*\*\/$/, ''))
          .join('\n')
          .replace(/\n@\w[\s\S]*/, '')
          .replace(/^```.*$/gm, '')
          .trim(),
      ),
  )
}

/** An example that takes for granted what it is about, as a file of its own. */
function completed(example: string, entries: ReadonlyMap<string, ReadonlySet<string>>): string {
  if (example.includes("from '@rollcall/")) return example
  // A property of a channel definition, shown by itself.
  const code = /^\w+: /.test(example) ? `defineChannel({ topicPattern: 'room:*', ${example} })` : example
  const words = new Set(code.match(/\b[A-Za-z]+\b/g))
  const imports = [...entries].map(([entry, exported]) => {
    const names = [...words].filter((name) => exported.has(name))
    return names.length > 0 ? `import { ${names.join(', ')} } from '${entry}'\n` : ''
  })
  return `${imports.join('')}${code}`
}

/** What the compiler says of these files; nothing where it is content. Names they do not declare are in given.d.ts. */
async function compile(files: ReadonlyMap<string, string>): Promise<string> {
  await mkdir(at('test-results'), { recursive: true })
  const folder = await mkdtemp(at('test-results/compile-'))
  try {
    for (const [name, text] of files) await writeFile(join(folder, name), `${text}\nexport {}\n`)
    const config = {
      extends: at('tsconfig.base.json'),
      compilerOptions: {
        lib: ['ES2022', 'DOM', 'DOM.Iterable'],
        types: ['node'],
        jsx: 'react-jsx',
        noUnusedLocals: false,
        noUnusedParameters: false,
        verbatimModuleSyntax: false,
      },
      files: [...files.keys(), at('tests/docs/given.d.ts')],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await promisify(execFile)(at('node_modules/.bin/tsc'), ['--project', folder, '--pretty', 'false'])
    return ''
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error)) throw error
    // What is wrong with the packages themselves is told by the ring `types`.
    const complaints = String(error.stdout).split('\n')
    return complaints.filter((line) => line.includes(basename(folder))).join('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

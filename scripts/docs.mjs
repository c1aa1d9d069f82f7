// `npm run docs`: the documentation as a site, in docs/.vitepress/dist. A dead link fails it.
//   npm run docs:dev   serves it, and shows a change to a page at once
//   --check            builds it elsewhere and without search, as `npm test` does
//   DOCS_BASE          path under which the site is hosted ('/')

import { existsSync, rmSync } from 'node:fs'
import { endCommandsOnSignal, runCommand } from './lib/command.mjs'
import { at } from './lib/repository.mjs'
import { hashFiles, isStamped, removeStamp, writeStamp } from './lib/stamp.mjs'

const BUILD_LIMIT_MS = 300_000
const DEV_LIMIT_MS = 2 ** 31 - 1
const reference = 'docs/reference/api'

const bin = (/** @type {string} */ name) => at('node_modules/.bin', name)

/**
 * @param {string} title @param {string[]} command
 * @param {import('./lib/command.mjs').CommandOptions} options
 */
async function run(title, command, options) {
  console.log(title)
  const { ok, output } = await runCommand(command, options)
  if (!ok) throw new Error(`${title} failed:\n${output}`)
}

/** Writes the API reference from the docstrings, unless they are the same as last time. */
async function generateReference() {
  const inputs = [
    'packages/client/src',
    'packages/server/src',
    'packages/shared-protocol/src',
    'docs/.vitepress',
  ]
  const hash = hashFiles(
    ['pnpm-lock.yaml', ...inputs],
    (path) => !/\.test\.tsx?$|\.vitepress\/(cache|dist)\//.test(path),
  )
  if (isStamped('docs-reference', hash) && existsSync(at(reference, 'index.md'))) return
  removeStamp('docs-reference')
  rmSync(at(reference), { recursive: true, force: true })
  const command = [bin('typedoc'), '--options', 'docs/.vitepress/typedoc.json']
  await run('API reference', command, { timeoutMs: BUILD_LIMIT_MS })
  writeStamp('docs-reference', hash)
}

endCommandsOnSignal()
try {
  await generateReference()
  if (process.argv.includes('--dev')) {
    await run('site', [bin('vitepress'), 'dev', 'docs'], { timeoutMs: DEV_LIMIT_MS, live: true })
  } else {
    const isCheck = process.argv.includes('--check')
    const output = isCheck ? 'test-results/docs' : 'docs/.vitepress/dist'
    const env = { DOCS_SEARCH: isCheck ? 'off' : 'on' }
    await run('site', [bin('vitepress'), 'build', 'docs', '--outDir', at(output)], {
      timeoutMs: BUILD_LIMIT_MS,
      env,
    })
    console.log(`built ${output}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

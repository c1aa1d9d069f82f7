// The packages as their users get them: packed, installed from the tarballs, imported by name.

import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'
import { type Consumer, createConsumer, packages } from './consumer'

/** What the whole client may add to a page, minified and gzipped, its dependencies included. */
const MOST_CLIENT_BYTES = 24 * 1024

let consumer: Consumer

// Longer than other hooks: it builds, packs, and downloads the packages' own dependencies.
beforeAll(async () => {
  consumer = await createConsumer()
}, 180_000)

afterAll(() => consumer?.remove())

const bin = (name: string) => at('node_modules/.bin', name)

describe.each(packages)('the tarball of %s', (name) => {
  const tarball = () => consumer.tarballs.get(name) ?? ''

  test('has a manifest that publint accepts', async () => {
    await consumer.run([bin('publint'), 'run', tarball(), '--strict'])
  })

  test('gives every module system its own types', async () => {
    // Not node10: that resolution knows no `exports`, and TypeScript itself is about to drop it.
    await consumer.run([bin('attw'), tarball(), '--profile', 'node16', '--format', 'table-flipped'])
  })

  test('has neither sources nor tests in it', async () => {
    const files = (await consumer.run(['tar', '--list', '--file', tarball()])).trim().split('\n')
    expect(files).toContain('package/dist/index.js')
    expect(files.filter((file) => /\/src\/|\.(test|spec)\./.test(file))).toEqual([])
  })
})

describe('an application', () => {
  interface Seen {
    readonly entries: Record<string, string[]>
    readonly present: number
  }

  const runProgram = async (file: string): Promise<Seen> =>
    JSON.parse((await consumer.run([process.execPath, file])).trim().split('\n').at(-1) ?? '')

  test('talks to a server, with everything imported', async () => {
    const { entries, present } = await runProgram('conversation.mjs')
    expect(present).toBe(1)
    for (const names of Object.values(entries)) expect(names).not.toEqual([])
  })

  test('talks to a server, with everything required', async () => {
    const required = await runProgram('conversation.cjs')
    expect(required.present).toBe(1)
    expect(required.entries).toEqual((await runProgram('conversation.mjs')).entries)
  })

  test('carries no more of the client to a browser than we say', async () => {
    const entry = join(consumer.folder, 'page.js')
    await writeFile(entry, "import { Socket } from '@rollcall/client'\nglobalThis.Socket = Socket\n")
    const options = { write: false, minify: true, rollupOptions: { input: entry } }
    const built = await build({ root: consumer.folder, configFile: false, logLevel: 'error', build: options })
    const chunks = [built].flat().flatMap((result) => ('output' in result ? result.output : []))
    const code = chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
    expect(code).toContain('rollcall.v1')
    const bytes = gzipSync(code, { level: 9 }).length

    expect(bytes).toBeLessThan(MOST_CLIENT_BYTES)
  })

  test.each(['mts', 'cts'])('compiles as .%s with node16 resolution', async (extension) => {
    await cp(join(consumer.folder, 'consumer.ts'), join(consumer.folder, `consumer.${extension}`))
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2022', 'DOM'],
      module: 'node16',
      moduleResolution: 'node16',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: ['node', 'react'],
    }
    const config = `tsconfig.${extension}.json`
    await writeFile(
      join(consumer.folder, config),
      JSON.stringify({ compilerOptions, files: [`consumer.${extension}`] }),
    )
    await consumer.run([bin('tsc'), '--project', config])
  })

  test('has the command `rollcall`', async () => {
    expect(await consumer.run([join(consumer.folder, 'node_modules/.bin/rollcall'), '--help'])).toContain(
      'serve',
    )
  })
})

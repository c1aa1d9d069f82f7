// The packages as their users get them: packed, installed from the tarballs, imported by name.

import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { BuildOptions } from 'esbuild'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'
import { readDocument } from '../docs/markdown'
import { isCode, playPage } from '../docs/play-page'
import { RunningPage } from '../docs/running-page'
import { addressesOpenedBy, bundle } from './bundle'
import { type Consumer, createConsumer, packages } from './consumer'

/**
 * Bytes that the whole client may add to a page, minified and gzipped, its dependencies included. It was 24 KiB before
 * the client followed a page's life and a network's and checked its arguments; it is to be halved.
 */
const MOST_CLIENT_BYTES = 26 * 1024

let consumer: Consumer

// Longer than other hooks: it builds, packs, and downloads the packages' own dependencies.
beforeAll(async () => {
  consumer = await createConsumer()
}, 180_000)

afterAll(() => consumer?.remove())

const bin = (name: string) => at('node_modules/.bin', name)

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

describe.each(packages)('the tarball of %s', (name) => {
  const tarball = () => consumer.tarballs.get(name) ?? ''

  test('has a manifest that publint accepts', async () => {
    await consumer.run([bin('publint'), 'run', tarball(), '--strict'])
  })

  test('gives every module system its own types', async () => {
    // All resolutions, the oldest too, which reads `typesVersions` instead of `exports`.
    await consumer.run([bin('attw'), tarball(), '--profile', 'strict', '--format', 'table-flipped'])
  })

  test('has no file that an ES module alone can load, where it is required', async () => {
    const manifest = JSON.parse(await readFile(at('packages', name, 'package.json'), 'utf8'))
    const dependencies = Object.keys(manifest.dependencies ?? {}).filter(
      (each) => !each.startsWith('@rollcall/'),
    )
    const folder = join(consumer.folder, 'node_modules/@rollcall', name, 'dist')
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.cjs'))
    const text = (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n')
    const required = dependencies.filter((each) => new RegExp(`require\\(["']${each}["']\\)`).test(text))
    for (const each of required) {
      const own = JSON.parse(
        await readFile(join(consumer.folder, 'node_modules', each, 'package.json'), 'utf8'),
      )
      const isEsmOnly = own.type === 'module' && !JSON.stringify(own.exports ?? {}).includes('"require"')
      expect([each, isEsmOnly]).toEqual([each, false])
    }
  })

  test('has a README, a licence, and says where it comes from', async () => {
    const folder = join(consumer.folder, 'node_modules/@rollcall', name)
    for (const file of ['README.md', 'LICENSE']) {
      expect(await readFile(join(folder, file), 'utf8')).toBe(
        await readFile(at('packages', name, file), 'utf8'),
      )
    }
    const { homepage, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    expect(homepage).toMatch(/^https:/)
    expect(repository.directory).toBe(`packages/${name}`)
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

  describe('follows the quick start of README.md', () => {
    const { fences } = readDocument('README.md')
    const programs = fences.filter((fence) => isCode(fence) && fence.words[1]?.endsWith('.mjs'))
    let page: RunningPage | undefined
    let reference: ChildProcess | undefined

    afterEach(async () => {
      reference?.kill('SIGKILL')
      await page?.close()
      page = undefined
    })

    /** A folder to paste into, while the reference server has its port, as `npm start` does. */
    async function openPage(name: string): Promise<RunningPage> {
      const folder = join(consumer.folder, name)
      await mkdir(folder)
      page = await RunningPage.within(folder)
      const cli = join(consumer.folder, 'node_modules/@rollcall/server/dist/cli.js')
      const args = [cli, 'serve', '--port', String(page.port), '--no-demo']
      reference = spawn(process.execPath, args, { stdio: 'ignore' })
      await expect.poll(() => answers(`http://127.0.0.1:${page?.port}/`), { timeout: 20_000 }).toBe(true)
      return page
    }

    test('in files of JavaScript', async () => {
      await playPage(await openPage('quick-start'), fences)
    })

    test('in files of strict TypeScript', async () => {
      const pasted = await openPage('quick-start-ts')
      const asTs = (name: string) => name.replace('.mjs', '.mts')
      for (const { words, text } of programs) await pasted.write(asTs(words[1] ?? ''), text)
      const compilerOptions = { target: 'ES2022', module: 'nodenext', strict: true, types: ['node'] }
      await pasted.write('tsconfig.json', JSON.stringify({ compilerOptions }))
      await consumer.run([bin('tsc'), '--project', pasted.folder])
      await playPage(pasted, fences, (name) => name, true)
    })
  })

  test("marks its React entry as a client's", async () => {
    for (const file of ['react.js', 'react.cjs', 'node/react.js', 'node/react.cjs']) {
      const text = await readFile(join(consumer.folder, 'node_modules/@rollcall/client/dist', file), 'utf8')
      expect([file, text.slice(0, 12)]).toEqual([file, expect.stringMatching(/^["']use client/)])
    }
  })

  test('[C-49] [C-50] is tested with Jest, in Node and in jsdom, with fake timers, required and imported', async () => {
    const report = join(consumer.folder, 'jest.json')
    await consumer.run([bin('jest'), '--config', 'jest/jest.config.cjs', '--json', '--outputFile', report], {
      NODE_OPTIONS: '--experimental-vm-modules',
    })
    const { numPassedTests, numTotalTests } = JSON.parse(await readFile(report, 'utf8'))
    expect({ numPassedTests, numTotalTests }).toEqual({ numPassedTests: 27, numTotalTests: 27 })
  }, 240_000)

  test('[C-49] is tested with Vitest and its fake timers', async () => {
    await consumer.run([bin('vitest'), 'run', '--root', 'vitest'])
  })

  const connecting = {
    imported: "import { Socket } from '@rollcall/client'\n",
    required: "const { Socket } = require('@rollcall/client')\n",
  }
  const connect = "new Socket('ws://server.test/socket', { params: { user_id: 'ada' } }).connect()"

  test.each<[string, keyof typeof connecting, BuildOptions]>([
    ['for browsers', 'imported', { platform: 'browser' }],
    ['for browsers', 'required', { platform: 'browser' }],
    ['for no platform', 'imported', { platform: 'neutral' }],
    ['for no platform', 'required', { platform: 'neutral' }],
    ['with the main fields of Node', 'imported', { platform: 'neutral', mainFields: ['module', 'main'] }],
    ['with no condition at all', 'imported', { platform: 'neutral', conditions: [] }],
    ['for workers', 'imported', { platform: 'browser', conditions: ['worker', 'workerd', 'edge-light'] }],
    ['for React Native', 'required', { platform: 'neutral', conditions: ['react-native'] }],
    // A mistake, and still no file that can't work: the browser's half of isomorphic-ws in Node's half of ours.
    ['for browsers with the condition node', 'imported', { platform: 'browser', conditions: ['node'] }],
    ['for browsers with the condition node', 'required', { platform: 'browser', conditions: ['node'] }],
  ])('[C-50] bundled %s, %s: connects with the WebSocket of the page', async (_how, form, options) => {
    const script = await bundle(consumer.folder, connecting[form] + connect, options)
    expect(addressesOpenedBy(script)).toEqual([expect.stringMatching(/^ws:\/\/server\.test\/socket/)])
  })

  test.each(['imported', 'required'] as const)('[C-50] bundled for Node, %s: connects', async (form) => {
    const tell =
      "socket.on('status', (_status, { error }) => { if (error) { console.log(error.message); process.exit() } })"
    const code = `${connecting[form]}const socket = new Socket('ws://127.0.0.1:1/socket')\n${tell}\nsocket.connect()`
    const file = join(consumer.folder, `bundled-${form}.cjs`)
    await writeFile(file, await bundle(consumer.folder, code, { platform: 'node', format: 'cjs' }))
    // Nobody listens there, which only who tried can tell.
    expect(await consumer.run([process.execPath, file])).toContain('ECONNREFUSED')
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

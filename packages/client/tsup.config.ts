import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'

const common: Options = {
  entry: { index: 'src/index.ts', react: 'src/react/index.ts', testing: 'src/testing/index.ts' },
  format: ['esm', 'cjs'],
  platform: 'neutral',
  target: 'es2022',
  // One copy of each class for all entries: `instanceof` and React's context hold across them.
  splitting: true,
  sourcemap: true,
}

/** tsup's helpers come before the directive in a CommonJS file, where it says nothing. On the same line: maps hold. */
const markAsClient = (folder: string) => async () => {
  const file = fileURLToPath(new URL(`${folder}/react.cjs`, import.meta.url))
  await writeFile(file, `'use client';${await readFile(file, 'utf8')}`)
}

const noImport = fileURLToPath(new URL('src/io/no-websocket-import.ts', import.meta.url))

export default defineConfig([
  // For every environment but Node: with the platform's WebSocket, and no import that needs a module of Node's.
  {
    ...common,
    dts: true,
    onSuccess: markAsClient('dist'),
    noExternal: ['isomorphic-ws'],
    esbuildOptions(options) {
      options.alias = { 'isomorphic-ws': noImport }
    },
  },
  // For the condition `node`: with isomorphic-ws, which is `ws` there.
  { ...common, dts: false, outDir: 'dist/node', onSuccess: markAsClient('dist/node') },
])

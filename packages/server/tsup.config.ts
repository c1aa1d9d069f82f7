import { defineConfig, type Options } from 'tsup'

const library = {
  index: 'src/index.ts',
  'store-conformance': 'src/conformance/store-conformance.ts',
  'wire-conformance': 'src/conformance/wire-conformance.ts',
}

const common: Options = {
  platform: 'node',
  target: 'node20',
  dts: { entry: library },
  splitting: true,
  sourcemap: true,
}

export default defineConfig([
  // The command is a program and ESM only; it shares its chunks with the library. Its source
  // begins with `#!/usr/bin/env node`, which is how tsup knows to make the output executable.
  { ...common, format: ['esm'], entry: { ...library, cli: 'src/cli/main.ts' } },
  {
    ...common,
    format: ['cjs'],
    entry: library,
    // jose is an ES module only. Node can require that, Jest can't.
    noExternal: ['jose'],
    // With splitting, sucrase makes the CommonJS, and writes class fields into the middle of jose's expressions. The two
    // entries share no class, so each can have its own copy of the rest.
    splitting: false,
  },
])

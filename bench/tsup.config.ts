import { readdirSync } from 'node:fs'
import { defineConfig } from 'tsup'

const subjects = readdirSync('src/subjects', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => [`subjects/${name}`, `src/subjects/${name}/server.ts`])

export default defineConfig({
  // Each entry is a process of its own.
  entry: {
    main: 'src/main.ts',
    load: 'src/load/main.ts',
    apply: 'src/apply/main.ts',
    'cluster-node': 'src/cluster/node.ts',
    ...Object.fromEntries(subjects),
  },
  format: ['esm'],
  platform: 'node',
  target: 'node20',
  // Found at run time; bundling it would take longer than the rest together.
  external: [/^echarts/],
  splitting: true,
  sourcemap: true,
})

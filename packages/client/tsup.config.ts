import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', react: 'src/react/index.ts', testing: 'src/testing/index.ts' },
  format: ['esm', 'cjs'],
  dts: true,
  // Neutral: isomorphic-ws stays an import, and the application's bundler picks its browser half.
  platform: 'neutral',
  target: 'es2022',
  // One copy of each class for all entries: `instanceof` and React's context hold across them.
  splitting: true,
  sourcemap: true,
})

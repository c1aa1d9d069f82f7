import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { mutantPlugin } from './tests/mutants/plugin.ts'

/** Reads the workspace's packages from source, so that no test waits for (or trusts) an old build. */
const source = '@rollcall/source'

const never = ['**/node_modules/**', '**/dist/**']

/** A ring with real sockets or real processes, which take their time to start. */
const real = (
  name: string,
  include: string[],
  globalSetup: string | string[] = [],
): TestProjectConfiguration => ({
  extends: true,
  test: {
    name,
    environment: 'node',
    include,
    globalSetup,
    exclude: name === 'redis' ? never : [...never, '**/*.redis.test.ts'],
    // Limits for what hangs, not for what is slow. Compilers and bundlers run in the ring `built`; `runtimes` has seven
    // processes for each of two runtimes at a time.
    testTimeout: { built: 120_000, runtimes: 60_000 }[name] ?? 20_000,
    hookTimeout: 30_000,
  },
})

export default defineConfig({
  // `npm run mutants` names one; else there is none.
  plugins: mutantPlugin(process.env.MUTANT),
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    // A ring is told by a file's name and place; each is a project, run with `vitest --project <name>`.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            'packages/*/src/**/*.test.{ts,tsx}',
            'apps/*/src/**/*.test.{ts,tsx}',
            'bench/src/**/*.test.ts',
            'tests/mutants/*.test.ts',
          ],
          exclude: [...never, '**/*.redis.test.ts', '**/*.dom.test.{ts,tsx}', '**/*.real.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser-like',
          environment: 'happy-dom',
          include: ['packages/*/src/**/*.dom.test.{ts,tsx}', 'apps/*/src/**/*.dom.test.{ts,tsx}'],
          exclude: never,
          testTimeout: 10_000,
          // The half that a browser's bundler picks: the platform's WebSocket, which msw intercepts. Node's half is ws.
          alias: { 'isomorphic-ws': 'isomorphic-ws/browser.js' },
          server: { deps: { inline: ['isomorphic-ws'] } },
        },
      },
      real('integration', [
        'tests/real/**/*.test.ts',
        'examples/**/*.test.ts',
        'tests/docs/**/*.test.ts',
        'bench/src/**/*.real.test.ts',
      ]),
      real('sim', ['tests/sim/**/*.test.ts']),
      real('hostile', ['tests/hostile/**/*.test.ts']),
      real('redis', ['packages/*/src/**/*.redis.test.ts', 'tests/**/*.redis.test.ts']),
      real('built', ['tests/built/**/*.test.ts']),
      real('runtimes', ['tests/runtimes/*.test.ts'], 'tests/runtimes/support/install.ts'),
    ],
  },
})

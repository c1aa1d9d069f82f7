import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/lib/find-chromium.mjs'

const executablePath = findChromium()

// Nothing that phones home or asks a first-run question in the middle of a test.
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]
// Chromium's sandbox refuses to start as root, which is who runs in most containers; those have no GPU either.
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-gpu'] : []

export default defineConfig({
  testDir: 'apps/demo/e2e',
  testMatch: '*.spec.ts',
  outputDir: 'test-results/e2e',
  // Each test starts a server of its own on a free port, so that tests share nothing and may run beside each other.
  fullyParallel: true,
  workers: 2,
  // A test that passes only sometimes has found something.
  retries: 0,
  timeout: 30_000,
  forbidOnly: Boolean(process.env.CI),
  reporter: [
    ['list'],
    ['json', { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ?? 'test-results/e2e.json' }],
  ],
  use: {
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: { args: [...quiet, ...asRoot], ...(executablePath ? { executablePath } : {}) },
  },
  projects: [{ name: 'chromium', use: { browserName: 'chromium' } }],
})

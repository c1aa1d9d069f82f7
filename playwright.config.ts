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
// A full Chromium loads the menu of its address bar, a web page, into every window: half a second of CPU for each
// visitor, in a bar that nobody sees. Naming features replaces Playwright's own list, so it is repeated here.
const features = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  ...['AimEnabled', 'AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades'],
  ...['HttpsFirstBalancedModeAutoEnable', 'LensOverlay', 'MediaRouter', 'NetworkTimeServiceQuerying'],
  ...['OptimizationHints', 'PaintHolding', 'PreconnectToSearch', 'ThirdPartyStoragePartitioning'],
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
  // Limits for what hangs, not for what is slow: every wait ends as soon as its condition holds.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [
    ['list'],
    ['json', { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ?? 'test-results/e2e.json' }],
  ],
  use: {
    screenshot: 'only-on-failure',
    // A trace takes a picture of the page for every action, a third of the ring's CPU. To see a failure step by step:
    // `npm run e2e -- --trace retain-on-failure`.
    trace: 'off',
    launchOptions: {
      args: [...quiet, `--disable-features=${features}`, ...asRoot],
      ...(executablePath ? { executablePath } : {}),
    },
  },
  projects: [{ name: 'chromium', use: { browserName: 'chromium' } }],
})

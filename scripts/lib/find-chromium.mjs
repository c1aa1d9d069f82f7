import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { searchPath } from './search-path.mjs'

/** The Chromium for the browser tests: the one that Playwright installed, or else the system's. */
export function findChromium() {
  // Required here and not imported above: scripts load this file before Playwright is installed.
  /** @type {typeof import('@playwright/test')} */
  const { chromium } = createRequire(import.meta.url)('@playwright/test')
  const own = chromium.executablePath()
  return existsSync(own) ? own : searchPath(['chromium', 'chromium-browser', 'google-chrome'])
}

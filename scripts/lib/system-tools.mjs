// What the tests need and npm can't bring. Found, or installed where that asks nobody, or named.

import { runCommand } from './command.mjs'
import { findChromium } from './find-chromium.mjs'
import { searchPath } from './search-path.mjs'

/**
 * @typedef {object} SystemTool
 * @property {() => string | undefined} find
 * @property {string} aptPackage
 * @property {string} otherwise what to do where there is no apt
 */

/** @type {Record<'chromium' | 'redis-server', SystemTool>} */
const tools = {
  chromium: {
    find: findChromium,
    aptPackage: 'chromium',
    otherwise: 'npx playwright install --with-deps chromium',
  },
  'redis-server': {
    find: () => searchPath(['redis-server', 'valkey-server']),
    aptPackage: 'redis-server',
    otherwise: 'brew install redis, or see https://redis.io/docs/latest/operate/oss_and_stack/install/',
  },
}

/** @typedef {keyof typeof tools} SystemToolName */

/** How to run apt without a question, or nothing where that can't be done. */
async function unattendedApt() {
  if (!searchPath(['apt-get'])) return undefined
  const env = ['env', 'DEBIAN_FRONTEND=noninteractive']
  if (process.getuid?.() === 0) return env
  const { ok } = await runCommand(['sudo', '--non-interactive', 'true'], { timeoutMs: 10_000 })
  return ok ? ['sudo', '--non-interactive', ...env] : undefined
}

/**
 * Makes sure of these tools.
 *
 * @param {SystemToolName[]} names
 * @returns {Promise<Map<SystemToolName, string>>} what is still missing, with the line that tells what to do
 */
export async function ensureSystemTools(names) {
  const missing = names.filter((name) => !tools[name].find())
  const apt = missing.length > 0 ? await unattendedApt() : undefined
  let reason = ''
  if (apt) {
    const packages = missing.map((name) => tools[name].aptPackage)
    const update = await runCommand([...apt, 'apt-get', 'update'], { timeoutMs: 120_000 })
    const install = await runCommand(
      [...apt, 'apt-get', 'install', '-y', '--no-install-recommends', ...packages],
      {
        timeoutMs: 300_000,
      },
    )
    if (!install.ok) reason = `\n${update.output}\n${install.output}`
  }
  return new Map(
    missing
      .filter((name) => !tools[name].find())
      .map((name) => [
        name,
        `${name} is missing. Debian or Ubuntu: sudo apt-get install -y ${tools[name].aptPackage}. ` +
          `Elsewhere: ${tools[name].otherwise}${reason}`,
      ]),
  )
}

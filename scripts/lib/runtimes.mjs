// The programs that the server is tried on: every maintained Node, Bun and Deno. Each comes from npm as a package with
// the binary in it, and is kept in a folder of the user's cache, where no script finds it by its name.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.mjs'

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} version the one that is asked for
 * @property {string} range what will do where that version was not published for this platform
 * @property {string} package of npm, for this platform
 * @property {string} binary path within the package
 * @property {readonly string[]} flags before the program's file
 */

const isWindows = process.platform === 'win32'
const exe = isWindows ? '.exe' : ''

/** @param {string} version @returns {Runtime} */
function node(version) {
  const major = version.split('.', 1)[0]
  const platform = isWindows ? 'win' : process.platform
  // The plain name of this one platform was given up before Node 20.
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'
  return {
    name: `node-${major}`,
    version,
    range: `^${major}`,
    package: `${prefix}-${platform}-${process.arch}`,
    binary: `bin/node${exe}`,
    flags: [],
  }
}

const bunPlatform = isWindows ? 'windows' : process.platform
const bunArch = process.arch === 'arm64' ? 'aarch64' : process.arch

/** @type {readonly Runtime[]} oldest Node first */
export const RUNTIMES = [
  ...['20.20.2', '22.23.5', '24.22.3', '26.12.1'].map(node),
  {
    name: 'bun',
    version: '1.4.5',
    range: '^1.4.5',
    package: `@oven/bun-${bunPlatform}-${bunArch}`,
    binary: `bin/bun${exe}`,
    flags: [],
  },
  {
    name: 'deno',
    version: '2.9.6',
    range: '^2.9.6',
    package: `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`,
    binary: `deno${exe}`,
    flags: ['run', '--allow-all', '--quiet'],
  },
]

/** The newest Node, on which the unit tests run too. */
export const NEWEST_NODE = 'node-26'

const INSTALL_MS = 180_000

const cache = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rollcall', 'runtimes')

/** @param {Runtime} runtime */
const folderOf = (runtime) =>
  join(cache(), `${runtime.package.replace('/', '+')}@${runtime.version}`, 'node_modules', runtime.package)

/**
 * How to start a program on a runtime: what goes before the program's file. Throws where it is not installed.
 *
 * @param {string} name @returns {string[]}
 */
export function runtimeCommand(name) {
  const runtime = RUNTIMES.find((each) => each.name === name)
  if (!runtime)
    throw new Error(`There is no runtime ${name}: ${RUNTIMES.map((each) => each.name).join(', ')}.`)
  const file = join(folderOf(runtime), runtime.binary)
  if (!existsSync(file)) {
    throw new Error(
      `${name} is not installed: npm test -- --only runtimes installs ${runtime.package} from npm.`,
    )
  }
  return [file, ...runtime.flags]
}

/**
 * Installs what is not in the cache yet.
 *
 * @returns {Promise<Map<string, string>>} what could not be had, with the line that tells why
 */
export async function ensureRuntimes() {
  /** @type {Map<string, string>} */
  const missing = new Map()
  await Promise.all(
    RUNTIMES.map(async (runtime) => {
      const problem = existsSync(join(folderOf(runtime), runtime.binary)) ? null : await install(runtime)
      if (problem !== null) missing.set(runtime.name, problem)
    }),
  )
  return missing
}

/** @param {Runtime} runtime @returns {Promise<string | null>} why it could not be installed */
async function install(runtime) {
  const folder = join(cache(), `${runtime.package.replace('/', '+')}@${runtime.version}`)
  mkdirSync(cache(), { recursive: true })
  // Made elsewhere and moved when it is whole: an install that is interrupted leaves nothing that looks installed.
  const temporary = mkdtempSync(join(cache(), 'installing-'))
  let output = ''
  try {
    for (const version of [runtime.version, runtime.range]) {
      const flags = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
      const args = ['install', '--prefix', temporary, ...flags, `${runtime.package}@${version}`]
      const result = await runCommand(['npm', ...args], { timeoutMs: INSTALL_MS })
      output = result.output.trim()
      if (!result.ok || !existsSync(join(temporary, 'node_modules', runtime.package, runtime.binary)))
        continue
      rmSync(folder, { recursive: true, force: true })
      renameSync(temporary, folder)
      return null
    }
  } catch (error) {
    // Another run may have put it there meanwhile.
    if (existsSync(join(folderOf(runtime), runtime.binary))) return null
    output = error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  const reason = output.split('\n', 1)[0] || 'it has no binary'
  return `${runtime.name} could not be installed: npm package ${runtime.package}@${runtime.version}: ${reason}`
}

import { cpSync, existsSync, rmSync } from 'node:fs'
import { runCommand } from './command.mjs'
import { at } from './repository.mjs'
import { hashFiles, isStamped, removeStamp, writeStamp } from './stamp.mjs'

/**
 * What is built, in order.
 *
 * @typedef {object} Build
 * @property {string} name
 * @property {string} folder
 * @property {string[]} tool the program of the folder's own node_modules/.bin or the root's, and its arguments
 * @property {string} output a file that is there once it was built
 * @property {string[]} alsoFrom folders whose sources end up in the output too
 */

/** @type {Build[]} */
const builds = [
  {
    name: 'shared-protocol',
    folder: 'packages/shared-protocol',
    tool: ['tsup'],
    output: 'dist/index.d.cts',
    alsoFrom: [],
  },
  {
    name: 'client',
    folder: 'packages/client',
    tool: ['tsup'],
    output: 'dist/index.d.cts',
    // Its types are checked against the protocol's sources.
    alsoFrom: ['packages/shared-protocol'],
  },
  {
    name: 'server',
    folder: 'packages/server',
    tool: ['tsup'],
    output: 'dist/index.d.cts',
    alsoFrom: ['packages/shared-protocol'],
  },
  {
    name: 'demo',
    folder: 'apps/demo',
    tool: ['vite', 'build'],
    output: 'dist/index.html',
    alsoFrom: ['packages/client', 'packages/shared-protocol'],
  },
]

const shared = ['pnpm-lock.yaml', 'tsconfig.base.json']

/** The server serves the demo to browsers from here. */
const servedDemo = 'packages/server/dist/demo'

/** @param {string} path */
const isInput = (path) => !/(^|\/)(node_modules|dist|e2e)\/|\.(test|test-d|spec)\.tsx?$|\.md$/.test(path)

/** @param {string} folder */
const sourcesOf = (folder) => [
  `${folder}/src`,
  ...['package.json', 'tsconfig.json', 'tsup.config.ts', 'vite.config.ts', 'index.html', 'public'].map(
    (name) => `${folder}/${name}`,
  ),
]

/**
 * Builds what is stale, each thing after those it is made from.
 *
 * @param {{ force?: boolean, onBuild?: (name: string) => void }} [options]
 * @returns {Promise<string[]>} names of what was built
 */
export async function buildStale({ force = false, onBuild = () => {} } = {}) {
  const built = []
  for (const build of builds) {
    const hash = hashFiles([...shared, ...[build.folder, ...build.alsoFrom].flatMap(sourcesOf)], isInput)
    const stamp = `build-${build.name}`
    if (!force && isStamped(stamp, hash) && existsSync(at(build.folder, build.output))) continue
    onBuild(build.name)
    removeStamp(stamp)
    await runBuild(build)
    writeStamp(stamp, hash)
    built.push(build.name)
  }
  if (built.includes('server') || built.includes('demo') || !existsSync(at(servedDemo))) {
    rmSync(at(servedDemo), { recursive: true, force: true })
    cpSync(at('apps/demo/dist'), at(servedDemo), { recursive: true })
  }
  return built
}

/** Ends a build that hangs. Several times what the longest takes on an idle machine, as machines are not. */
const BUILD_LIMIT_MS = 300_000

/** @param {Build} build */
async function runBuild({ name, folder, tool: [program = '', ...args] }) {
  // Emptied here and not by the tools: the server's two builds share the folder.
  rmSync(at(folder, 'dist'), { recursive: true, force: true })
  const own = at(folder, 'node_modules/.bin', program)
  const { ok, output } = await runCommand(
    [existsSync(own) ? own : at('node_modules/.bin', program), ...args],
    {
      cwd: at(folder),
      timeoutMs: BUILD_LIMIT_MS,
    },
  )
  if (!ok) throw new Error(`${name} did not build:\n${output}`)
}

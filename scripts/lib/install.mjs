import { readdirSync } from 'node:fs'
import { runCommand } from './command.mjs'
import { pnpmCommand } from './pnpm.mjs'
import { at } from './repository.mjs'
import { hashFiles, isStamped, removeStamp, writeStamp } from './stamp.mjs'

const stamp = 'install'

/** Every file that decides what is installed. */
const inputs = () => [
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  ...['packages', 'apps'].flatMap((folder) =>
    readdirSync(at(folder)).map((name) => `${folder}/${name}/package.json`),
  ),
]

/**
 * Installs what the lockfile says, unless that was the last thing installed.
 *
 * @returns {Promise<'installed' | 'up to date'>}
 */
export async function installPackages() {
  const hash = hashFiles(inputs())
  if (isStamped(stamp, hash)) return 'up to date'
  removeStamp(stamp)
  const { ok, output } = await runCommand(
    [...(await pnpmCommand()), 'install', '--frozen-lockfile', '--prefer-offline'],
    {
      timeoutMs: 300_000,
      // Without CI, pnpm would ask before it replaces a node_modules that another tool made.
      env: { CI: 'true' },
    },
  )
  if (!ok) throw new Error(`pnpm could not install the packages:\n${output}`)
  writeStamp(stamp, hash)
  return 'installed'
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { manifest, root } from './repository.mjs'

const wanted = manifest.packageManager.replace('pnpm@', '')

/** @type {Promise<string[]> | undefined} */
let found

/**
 * How to start the pnpm that `packageManager` names: the one on the PATH if it is that version, or else through
 * npx, which comes with Node and keeps it in npm's cache.
 */
export function pnpmCommand() {
  found ??= promisify(execFile)('pnpm', ['--version'], { cwd: root }).then(
    ({ stdout }) => (stdout.trim() === wanted ? ['pnpm'] : viaNpx()),
    viaNpx,
  )
  return found
}

const viaNpx = () => ['npx', '--yes', `pnpm@${wanted}`]

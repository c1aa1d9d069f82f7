import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder, wherever a script was started from. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** A path inside the repository. @param {string[]} parts */
export const at = (...parts) => join(root, ...parts)

/** @type {{ packageManager: string, engines: { node: string } }} */
export const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'))

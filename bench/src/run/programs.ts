import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SubjectName } from '../subjects/speeches'

/** Where the bundles are: this file's own folder, once it is one of them. */
const folder = dirname(fileURLToPath(import.meta.url))

export const program = (name: string): string => join(folder, `${name}.js`)

const BUN = '@oven/bun-linux-x64'

/** Bun's binary, where this machine has one. */
export function findBun(): string | undefined {
  try {
    const binary = join(dirname(createRequire(import.meta.url).resolve(`${BUN}/package.json`)), 'bin', 'bun')
    return existsSync(binary) ? binary : undefined
  } catch {
    // Optional, and for Linux on x64 only.
    return undefined
  }
}

/** The command that starts a subject, or why there is none. */
export function commandOf(name: SubjectName): readonly string[] | string {
  if (name !== 'bun') {
    const file = name === 'rollcall+deflate' ? 'rollcall' : name
    return [process.execPath, '--expose-gc', program(`subjects/${file}`)]
  }
  const bun = findBun()
  return bun ? [bun, 'run', program('subjects/bun')] : `${BUN} is not installed: it is for Linux on x64`
}

// A stamp remembers what a result was made from. It lives in node_modules, so that deleting that
// folder forgets everything at once.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { at, root } from './repository.mjs'

/** @param {string} name */
const fileOf = (name) => at('node_modules', '.rollcall', `${name}.stamp`)

/**
 * Digest of files and folders, by path and content. What doesn't exist counts as such.
 *
 * @param {string[]} paths relative to the repository
 * @param {(path: string) => boolean} [isInput] which of the files count
 */
export function hashFiles(paths, isInput = () => true) {
  const hash = createHash('sha256').update(process.version).update(process.platform).update(process.arch)
  /** @param {string} path */
  const add = (path) => {
    const full = join(root, path)
    if (!existsSync(full)) hash.update(`${path}\0missing\0`)
    else if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) add(`${path}/${name}`)
    else if (isInput(path)) hash.update(`${path}\0`).update(readFileSync(full)).update('\0')
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}

/** @param {string} name @param {string} hash */
export const isStamped = (name, hash) =>
  existsSync(fileOf(name)) && readFileSync(fileOf(name), 'utf8') === hash

/** @param {string} name @param {string} hash */
export function writeStamp(name, hash) {
  mkdirSync(dirname(fileOf(name)), { recursive: true })
  writeFileSync(fileOf(name), hash)
}

/** Forgets a result before it is made again: if that is interrupted, it is made anew. @param {string} name */
export const removeStamp = (name) => rmSync(fileOf(name), { force: true })

import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ServerError } from '../errors'
import { type PageFile, type PageFiles, pageFile, spellings } from './page-files'

interface Found {
  /** From the folder, as in a request: `/assets/app.js`. */
  readonly path: string
  readonly at: string
  readonly modifiedMs: number
}

/**
 * The files of a folder and of those within, but for names that begin with a dot; `.well-known` is served. Throws
 * `invalid_option` where it cannot be read, or holds more than `maxBytes`.
 */
export function readPage(folder: string, maxBytes: number): PageFiles {
  try {
    const files = new Map<string, PageFile>()
    let bytes = 0
    // All sizes are looked at before anything is read: it may be the wrong folder, and very large.
    for (const { path, at, modifiedMs } of findFiles(folder, maxBytes)) {
      const body = readFileSync(at)
      bytes += body.length
      if (bytes > maxBytes) throw tooLarge(folder, maxBytes, bytes, path)
      const file = pageFile(path, body, modifiedMs)
      for (const spelling of spellings(path)) files.set(spelling, file)
    }
    return files
  } catch (error) {
    if (error instanceof ServerError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ServerError('invalid_option', `page must be a folder that can be read: ${why}.`, {
      cause: error,
    })
  }
}

function findFiles(folder: string, maxBytes: number): readonly Found[] {
  const found: Found[] = []
  let bytes = 0
  /** `within` are the folders above, so that a link to one of them is not followed round and round. */
  const look = (at: string, path: string, within: readonly string[]): void => {
    const real = realpathSync(at)
    if (within.includes(real)) return
    for (const name of readdirSync(at)) {
      if (name.startsWith('.') && !(name === '.well-known' && path === '')) continue
      const entry = join(at, name)
      // A link may lead nowhere.
      const stats = statSync(entry, { throwIfNoEntry: false })
      if (stats?.isDirectory()) look(entry, `${path}/${name}`, [...within, real])
      // To read a pipe would wait for ever.
      if (!stats?.isFile()) continue
      bytes += stats.size
      if (bytes > maxBytes) throw tooLarge(folder, maxBytes, bytes, `${path}/${name}`)
      found.push({ path: `${path}/${name}`, at: entry, modifiedMs: stats.mtimeMs })
    }
  }
  look(folder, '', [])
  return found
}

function tooLarge(folder: string, maxBytes: number, bytes: number, path: string): ServerError {
  return new ServerError(
    'invalid_option',
    `page is kept in memory, up to ${maxBytes} bytes (option maxPageBytes): ${folder} has ${bytes} or more with ${path}.`,
  )
}

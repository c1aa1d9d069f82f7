import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { mimes } from 'mrmime'
import { ServerError } from '../errors'

/*
 *   folder --read once (read-page.ts)--> PageFiles --findFile(path)--> PageFile --> 200, or 304
 *
 * The files are kept, not opened for each answer: a stranger that asks for many and reads none would have as many open.
 * All answers share the same bytes.
 */

export interface PageFile {
  readonly body: Buffer
  /** Strong: the same for the same bytes, wherever they are served. */
  readonly etag: string
  /** Of its answer, all of them. */
  readonly headers: Readonly<OutgoingHttpHeaders>
}

/** By path, such as `/assets/app.js`, in each of the ways that Unicode has to write it: see {@link spellings}. */
export type PageFiles = ReadonlyMap<string, PageFile>

/**
 * A file's path as it is, composed (`é`) and decomposed (`e` and an accent): a disk may have another of them than a
 * page. A request's path is looked up as it comes, as normalizing a stranger's text takes time with the square of its
 * length. (S-43)
 */
export function spellings(path: string): readonly string[] {
  // biome-ignore lint/plugin: these are the names of our own files.
  return [path, path.normalize('NFC'), path.normalize('NFD')]
}

/** Bytes of the hash in an ETag. */
const ETAG_BYTES = 18

export function pageFile(name: string, body: Buffer, modifiedMs: number): PageFile {
  const digest = createHash('sha256').update(body).digest()
  const etag = `"${digest.subarray(0, ETAG_BYTES).toString('base64url')}"`
  const type = typeOf(name)
  return {
    body,
    etag,
    headers: {
      'Content-Length': body.length,
      'Content-Type': type === 'text/html' ? 'text/html;charset=utf-8' : type,
      'Last-Modified': new Date(modifiedMs).toUTCString(),
      ETag: etag,
      // Parts of a file are of no use to a page, and who may ask for any has to be checked.
      'Accept-Ranges': 'none',
    },
  }
}

/** Not by `lookup`, which finds that a file called `constructor` is a function. */
function typeOf(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return (Object.hasOwn(mimes, extension) ? mimes[extension] : undefined) ?? 'application/octet-stream'
}

/** The file at a request's path: itself, with `.html`, or the index of that folder. Never throws. */
export function findFile(files: PageFiles, path: string): PageFile | null {
  const name = decodePath(path)
  if (name === null) return null
  const folder = name.endsWith('/') ? name.slice(0, -1) : name
  return files.get(name) ?? files.get(`${folder}.html`) ?? files.get(`${folder}/index.html`) ?? null
}

/** Whether the client has it already, by its `If-None-Match`. (RFC 9110, 13.1.2) */
export function isHeld({ etag }: PageFile, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  const held = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return held.includes(etag) || held.includes('*')
}

/** Null for what is no path or no text, and for a slash that was hidden within a name. */
function decodePath(path: string): string | null {
  try {
    return !path.startsWith('/') || /%2f/i.test(path) ? null : decodeURIComponent(path)
  } catch {
    return null
  }
}

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
    `The page folder ${folder} is too large: up to ${path} it has ${bytes} bytes, and the server keeps at most ${maxBytes} (server option maxPageBytes).`,
  )
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { mimes } from 'mrmime'
import { ServerError } from '../errors'

/*
 *   folder --readPage, once--> PageFiles --findFile(path)--> PageFile --> 200, or 304
 *
 * The files stay in memory and all responses share their bytes. With a file opened per response, a client that requests
 * many and reads none would hold many open files.
 */

export interface PageFile {
  readonly body: Buffer
  /** A strong ETag, which depends only on the bytes. */
  readonly etag: string
  /** All headers of its response. */
  readonly headers: Readonly<OutgoingHttpHeaders>
}

/** Files by path, such as `/assets/app.js`. Each path is present in all its {@link spellings}. */
export type PageFiles = ReadonlyMap<string, PageFile>

/**
 * Returns a path as it is, composed (`é`) and decomposed (`e` and an accent), because the disk and the page may use
 * different forms. A request's path is not normalized, because that takes quadratic time on hostile text. (S-43)
 */
export function spellings(path: string): readonly string[] {
  // biome-ignore lint/plugin: file names on this machine are trusted.
  return [path, path.normalize('NFC'), path.normalize('NFD')]
}

/** Length of the hash in an ETag. */
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
      // A page needs no ranges, and they are a way to attack a server.
      'Accept-Ranges': 'none',
    },
  }
}

/** Does not use `lookup`, which returns a function for an extension such as `constructor`. */
function typeOf(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return (Object.hasOwn(mimes, extension) ? mimes[extension] : undefined) ?? 'application/octet-stream'
}

/** Finds the file of a request's path: the path itself, with `.html`, or the folder's `index.html`. Never throws. */
export function findFile(files: PageFiles, path: string): PageFile | null {
  const name = decodePath(path)
  if (name === null) return null
  const folder = name.endsWith('/') ? name.slice(0, -1) : name
  return files.get(name) ?? files.get(`${folder}.html`) ?? files.get(`${folder}/index.html`) ?? null
}

/** Whether the client has this version, according to its `If-None-Match` (RFC 9110, 13.1.2). */
export function isHeld({ etag }: PageFile, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  // Searched, not split: the header may consist of thousands of commas. (S-107)
  for (let at = ifNoneMatch.indexOf(etag); at !== -1; at = ifNoneMatch.indexOf(etag, at + etag.length))
    if (isWholeTag(ifNoneMatch, at, at + etag.length)) return true
  return false
}

/** Whether a list of tags has one from `start`, where a `W/` may precede it, to `end`. */
function isWholeTag(list: string, start: number, end: number): boolean {
  let before = list.startsWith('W/', start - 2) ? start - 3 : start - 1
  let after = end
  while (list[before] === ' ' || list[before] === '\t') before--
  while (list[after] === ' ' || list[after] === '\t') after++
  return [undefined, ','].includes(list[before]) && [undefined, ','].includes(list[after])
}

/** Decodes a path. Returns null if it is invalid or contains an encoded slash. */
function decodePath(path: string): string | null {
  try {
    return !path.startsWith('/') || /%2f/i.test(path) ? null : decodeURIComponent(path)
  } catch {
    return null
  }
}

interface Found {
  /** Path relative to the folder, as in a request: `/assets/app.js`. */
  readonly path: string
  readonly at: string
  readonly modifiedMs: number
}

/**
 * Reads all files of a folder and its subfolders, except names that begin with a dot; `.well-known` is included. Throws
 * `invalid_option` if the folder cannot be read or exceeds `maxBytes`.
 */
export function readPage(folder: string, maxBytes: number): PageFiles {
  try {
    const files = new Map<string, PageFile>()
    let bytes = 0
    // All sizes are checked before any file is read: it may be the wrong folder, and very large.
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
  /** `within` lists the folders above, so that a link to one of them causes no endless loop. */
  const look = (at: string, path: string, within: readonly string[]): void => {
    const real = realpathSync(at)
    if (within.includes(real)) return
    for (const name of readdirSync(at)) {
      if (name.startsWith('.') && !(name === '.well-known' && path === '')) continue
      const entry = join(at, name)
      // A link may be broken.
      const stats = statSync(entry, { throwIfNoEntry: false })
      if (stats?.isDirectory()) look(entry, `${path}/${name}`, [...within, real])
      // Reading a pipe would block.
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

import type { Server as HttpServer } from 'node:http'
import { ServerError } from '../errors'

/** The same symbol in every copy of this module: hot reload may load it twice, and CommonJS beside ESM does. */
const ATTACHED = Symbol.for('rollcall.attached')

type Marked = HttpServer & { [ATTACHED]?: boolean }

/**
 * Throws `already_attached` where another Rollcall server answers the upgrades of this HTTP server: both would answer
 * each handshake, and their frames would mix. (S-46)
 */
export function checkUnattached(server: HttpServer): void {
  if (!(server as Marked)[ATTACHED]) return
  throw new ServerError(
    'already_attached',
    'This HTTP server has a Rollcall server attached already. Close that one first (with hot reload: when the old module is disposed).',
  )
}

export function markAttached(server: HttpServer): void {
  Object.defineProperty(server, ATTACHED, { value: true, configurable: true })
}

export function unmarkAttached(server: HttpServer): void {
  delete (server as Marked)[ATTACHED]
}

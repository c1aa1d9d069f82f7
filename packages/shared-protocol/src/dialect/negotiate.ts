import { SUBPROTOCOL } from '../version'
import type { Dialect } from './dialect'
import { rollcallDialect } from './rollcall'
import { vixDialect } from './vix'
import { zzzDialect } from './zzz'

/** What of a WebSocket handshake chooses the dialect. */
export interface Handshake {
  /** Path of the request, without its query. */
  readonly path: string
  /** Subprotocols that the client offers, in its order. */
  readonly subprotocols: readonly string[]
}

export type Negotiation =
  | { readonly ok: true; readonly dialect: Dialect; /** To be answered; null for none. */ readonly subprotocol: string | null }
  | { readonly ok: false; readonly status: 400 | 404; readonly message: string }

/**
 * Which dialect a handshake asks for:
 *
 * ```
 * /socket with subprotocol rollcall.v1   rollcall
 * /socket without a subprotocol          zzz
 * /                                      vix
 * ```
 */
export function negotiateDialect({ path, subprotocols }: Handshake): Negotiation {
  switch (path) {
    case '/socket':
      if (subprotocols.includes(SUBPROTOCOL)) return { ok: true, dialect: rollcallDialect, subprotocol: SUBPROTOCOL }
      if (subprotocols.length === 0) return { ok: true, dialect: zzzDialect, subprotocol: null }
      return {
        ok: false,
        status: 400,
        message: `None of the offered subprotocols is spoken here; offer ${SUBPROTOCOL}, or none for zzz.`,
      }
    case '/':
      return { ok: true, dialect: vixDialect, subprotocol: null }
    default:
      return { ok: false, status: 404, message: 'No WebSocket here; connect to /socket, or to / for Vix.' }
  }
}

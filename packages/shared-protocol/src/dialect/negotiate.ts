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

export interface Negotiated {
  readonly ok: true
  readonly dialect: Dialect
  /** To be named in the answer; null for none. */
  readonly subprotocol: string | null
}

export type Negotiation =
  | Negotiated
  | { readonly ok: false; readonly status: 400 | 404; readonly message: string }

/**
 * Which dialect a handshake asks for:
 *
 * ```
 * /socket with subprotocol rollcall.v1   rollcall
 * /socket without a subprotocol          zzz
 * /       without a subprotocol          vix
 * ```
 */
export function negotiateDialect({ path, subprotocols }: Handshake): Negotiation {
  const offersNone = subprotocols.length === 0
  switch (path) {
    case '/socket':
      if (subprotocols.includes(SUBPROTOCOL))
        return { ok: true, dialect: rollcallDialect, subprotocol: SUBPROTOCOL }
      return offersNone
        ? { ok: true, dialect: zzzDialect, subprotocol: null }
        : unknownSubprotocol(subprotocols)
    case '/':
      return offersNone
        ? { ok: true, dialect: vixDialect, subprotocol: null }
        : unknownSubprotocol(subprotocols)
    default:
      return { ok: false, status: 404, message: 'No WebSocket here; connect to /socket, or to / for Vix.' }
  }
}

function unknownSubprotocol(offered: readonly string[]): Negotiation {
  const message = `No offered subprotocol (${offered.join(', ').slice(0, 80)}) is spoken here; at /socket it is ${SUBPROTOCOL}, or none for zzz.`
  return { ok: false, status: 400, message }
}

import type { Dialect } from './dialect'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'
import { rollcallDialect } from './rollcall'
import { SUBPROTOCOL } from './rollcall-client'
import { vixDialect } from './vix'
import { zzzDialect } from './zzz'

/** The parts of a handshake that choose the dialect. */
export interface Handshake {
  /** Path of the request, without its query. */
  readonly path: string
  /** Subprotocols that the client offers, in order. */
  readonly subprotocols: readonly string[]
  /** Params of the query string. @default none */
  readonly params?: ReadonlyMap<string, string>
  /** The transport that the handshake starts. @default 'websocket' */
  readonly transport?: TransportName
}

export type TransportName = 'websocket' | 'longpoll'

interface Negotiated {
  readonly ok: true
  readonly dialect: Dialect
  /** Named in the response; null for none. */
  readonly subprotocol: string | null
}

export type Negotiation =
  | Negotiated
  | {
      readonly ok: false
      readonly status: 400 | 403 | 404
      readonly reason: 'no_dialect' | 'unsupported_version'
      readonly message: string
    }

/** Phoenix's client offers this subprotocol beside its token, so that the server has one to select. */
const PHOENIX_SUBPROTOCOL = 'phoenix'

/**
 * Chooses the dialect of a handshake:
 *
 * ```
 * /socket            with subprotocol rollcall.v1   rollcall
 * /socket            without a subprotocol          zzz
 * /socket/websocket  ?vsn=2.0.0                     phoenix-v2
 * /socket/websocket  ?vsn=1.0.0, or no vsn          phoenix-v1
 * /socket/longpoll   a long poll, by the same vsn   phoenix-v2, phoenix-v1
 * /                  without a subprotocol          vix
 * ```
 */
export function negotiateDialect(handshake: Handshake): Negotiation {
  const { path, subprotocols, transport = 'websocket' } = handshake
  if (transport === 'longpoll' || path === '/socket/websocket') return negotiateVersion(handshake)
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
    default: {
      const message =
        'There is no WebSocket at this path. Connect to /socket, to /socket/websocket for Phoenix, or to / for Vix.'
      return { ok: false, status: 404, reason: 'no_dialect', message }
    }
  }
}

/** Follows Phoenix's rules: any patch level of a version matches, and no version means 1.0.0. */
function negotiateVersion({ subprotocols, params }: Handshake): Negotiation {
  const subprotocol = subprotocols.includes(PHOENIX_SUBPROTOCOL) ? PHOENIX_SUBPROTOCOL : null
  const vsn = params?.get('vsn') ?? '1.0.0'
  if (/^2\.0\.\d+$/.test(vsn)) return { ok: true, dialect: phoenixV2Dialect, subprotocol }
  if (/^1\.0\.\d+$/.test(vsn)) return { ok: true, dialect: phoenixV1Dialect, subprotocol }
  const message = `This server does not support version ${JSON.stringify(vsn.slice(0, 40))} of Phoenix's serializer. Set vsn to 2.0.0 or 1.0.0.`
  return { ok: false, status: 403, reason: 'unsupported_version', message }
}

function unknownSubprotocol(offered: readonly string[]): Negotiation {
  const message = `This server supports none of the offered subprotocols (${offered.join(', ').slice(0, 80)}). At /socket, offer ${SUBPROTOCOL}, or none for zzz.`
  return { ok: false, status: 400, reason: 'no_dialect', message }
}

import type { Dialect } from './dialect'
import { phoenixV1Dialect } from './phoenix-v1'
import { phoenixV2Dialect } from './phoenix-v2'
import { rollcallDialect } from './rollcall'
import { SUBPROTOCOL } from './rollcall-client'
import { vixDialect } from './vix'
import { zzzDialect } from './zzz'

/** What of a handshake chooses the dialect. */
export interface Handshake {
  /** Path of the request, without its query. */
  readonly path: string
  /** Subprotocols that the client offers, in its order. */
  readonly subprotocols: readonly string[]
  /** Of the query string. @default none */
  readonly params?: ReadonlyMap<string, string>
  /** Whether it begins a WebSocket, or a long poll in place of one. @default 'websocket' */
  readonly transport?: TransportName
}

export type TransportName = 'websocket' | 'longpoll'

export interface Negotiated {
  readonly ok: true
  readonly dialect: Dialect
  /** To be named in the answer; null for none. */
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

/** The subprotocol that Phoenix's client offers beside its token, so that there is one to be named. */
const PHOENIX_SUBPROTOCOL = 'phoenix'

/**
 * Which dialect a handshake asks for:
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
        'No WebSocket here; connect to /socket, to /socket/websocket for Phoenix, or to / for Vix.'
      return { ok: false, status: 404, reason: 'no_dialect', message }
    }
  }
}

/** By Phoenix's own rules: any patch level of a version will do, and who names none is from before there were two. */
function negotiateVersion({ subprotocols, params }: Handshake): Negotiation {
  const subprotocol = subprotocols.includes(PHOENIX_SUBPROTOCOL) ? PHOENIX_SUBPROTOCOL : null
  const vsn = params?.get('vsn') ?? '1.0.0'
  if (/^2\.0\.\d+$/.test(vsn)) return { ok: true, dialect: phoenixV2Dialect, subprotocol }
  if (/^1\.0\.\d+$/.test(vsn)) return { ok: true, dialect: phoenixV1Dialect, subprotocol }
  const message = `No version ${JSON.stringify(vsn.slice(0, 40))} of Phoenix's serializer is spoken here; vsn may be 2.0.0 or 1.0.0.`
  return { ok: false, status: 403, reason: 'unsupported_version', message }
}

function unknownSubprotocol(offered: readonly string[]): Negotiation {
  const message = `No offered subprotocol (${offered.join(', ').slice(0, 80)}) is spoken here; at /socket it is ${SUBPROTOCOL}, or none for zzz.`
  return { ok: false, status: 400, reason: 'no_dialect', message }
}

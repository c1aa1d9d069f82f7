import {
  checkName,
  type Dialect,
  negotiateDialect,
  type Topic,
  type TransportName,
} from '@rollcall/shared-protocol'
import { type IdentifyContext, identify } from '../identity/identify'
import type { Identity } from '../identity/identity'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import type { AdmissionControl } from './admission-control'
import type { ConnectionSlot } from './connection-slots'

/*
 *  handshake -> dialect -> origin -> topic (of a dialect that names none) -> seat -> who is it -> Admitted
 *                 |          |         |                                       |         |
 *      403, 404, 400; 503   403       400                                  429, 503   401, 403, 500, 504; 429
 */

export interface AdmissionContext extends IdentifyContext {
  readonly implicitTopic: Topic
  readonly door: AdmissionControl
  /** Whether this node sends its clients to others, and takes no new ones. */
  readonly isDraining: () => boolean
}

const DRAINING: HandshakeRefusal = {
  status: 503,
  reason: 'draining',
  message: 'This server is shutting down. Reconnect to reach another server.',
  retryAfterS: 1,
}

/** A handshake that is taken, and on what terms. */
export interface Admitted {
  readonly dialect: Dialect
  readonly subprotocol: string | null
  readonly identity: Identity
  readonly implicitTopic: Topic
  /** To be released when its connection ends, or where it is never opened. */
  readonly seat: ConnectionSlot
}

/** Decides over a handshake. Never rejects. */
export async function admit(
  request: HandshakeRequest,
  context: AdmissionContext,
  transport: TransportName = 'websocket',
): Promise<Admitted | HandshakeRefusal> {
  const { path, subprotocols, params } = request
  const negotiation = negotiateDialect({ path, subprotocols, params, transport })
  if (!negotiation.ok) {
    const { status, reason, message } = negotiation
    return { status, reason, message }
  }
  if (context.isDraining()) return DRAINING
  const { dialect, subprotocol } = negotiation
  const { door } = context
  const foreign = door.originRefusal(request)
  if (foreign) return foreign

  const asked = request.params.get('topic') ?? ''
  const implicitTopic = asked === '' ? context.implicitTopic : asked
  const topicFault = checkName('The topic', implicitTopic, 'topicBytes', context.limits)
  if (dialect.hasImplicitTopic && topicFault) {
    return { status: 400, reason: topicFault.code, message: topicFault.message }
  }

  const seat = door.reserve(request)
  if ('status' in seat) return seat
  const identity = await identify(request, context)
  if ('status' in identity) {
    seat.release()
    return identity
  }
  // Guests are each another.
  const crowded = door.take(seat, identity.isGuest ? null : identity.id)
  return crowded ?? { dialect, subprotocol, identity, implicitTopic, seat }
}

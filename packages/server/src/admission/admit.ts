import {
  checkName,
  type Dialect,
  type Limits,
  negotiateDialect,
  type Topic,
  type TransportName,
} from '@rollcall/shared-protocol'
import type { Identity } from '../identity/identity'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import type { AdmissionControl } from './admission-control'
import type { ConnectionSlot } from './connection-slots'

/*
 *  handshake -> dialect -> origin -> implicit topic (Vix) -> slot -> authenticate -> Admitted
 *                 |          |         |                      |         |
 *      403, 404, 400; 503   403       400                 429, 503   401, 403, 500, 504; 429
 */

export interface AdmissionContext {
  readonly limits: Limits
  readonly implicitTopic: Topic
  /** Runs `authenticate`. Never rejects. */
  readonly identify: (request: HandshakeRequest) => Promise<Identity | HandshakeRefusal>
  readonly admissionControl: AdmissionControl
  /** Whether this node is draining or closing, and refuses new connections. */
  readonly isDraining: () => boolean
}

const DRAINING: HandshakeRefusal = {
  status: 503,
  reason: 'draining',
  message: 'This server is shutting down. Reconnect to reach another server.',
  retryAfterS: 1,
}

/** An accepted handshake. */
export interface Admitted {
  readonly dialect: Dialect
  readonly subprotocol: string | null
  readonly identity: Identity
  readonly implicitTopic: Topic
  /** Release it when the connection ends, or when it is never opened. */
  readonly slot: ConnectionSlot
}

/** Accepts or refuses a handshake. Never rejects. */
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
  const { admissionControl } = context
  const originRefusal = admissionControl.originRefusal(request)
  if (originRefusal) return originRefusal

  const requestedTopic = request.params.get('topic') ?? ''
  const implicitTopic = requestedTopic === '' ? context.implicitTopic : requestedTopic
  const topicFault = checkName('The topic', implicitTopic, 'topicBytes', context.limits)
  if (dialect.hasImplicitTopic && topicFault) {
    return { status: 400, reason: topicFault.code, message: topicFault.message }
  }

  const slot = admissionControl.reserve(request)
  if ('status' in slot) return slot
  const identity = await context.identify(request)
  if ('status' in identity) {
    slot.release()
    return identity
  }
  // Each guest is a different person, so guests have no common limit.
  const identityRefusal = admissionControl.take(slot, identity.isGuest ? null : identity.id)
  return identityRefusal ?? { dialect, subprotocol, identity, implicitTopic, slot }
}

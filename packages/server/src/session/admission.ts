import {
  checkBytes,
  type Dialect,
  type Limits,
  negotiateDialect,
  type Topic,
  type TransportName,
} from '@rollcall/shared-protocol'
import { withTimeout } from '../channel/with-timeout'
import type { Clock } from '../io/clock'
import type { RandomSource } from '../io/random'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import type { Logger } from '../log'
import type { Mode } from '../mode'
import { type Authenticate, anonymousIdentity, HandshakeError, type Identity } from './identity'

/*
 *  handshake -> dialect -> topic (of a dialect that names none) -> who is it -> Admitted
 *                 |                |                                  |
 *      403, 404, 400; 503         400                          401, 403, 500, 504
 */

export interface AdmissionContext {
  readonly limits: Limits
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  readonly authenticate: Authenticate | null
  readonly authenticateTimeoutMs: number
  readonly allowAnonymous: boolean
  readonly implicitTopic: Topic
  /** Known once the server listens. */
  readonly mode: () => Mode
  /** Whether this node sends its clients to others, and takes no new ones. */
  readonly isDraining: () => boolean
}

const DRAINING: HandshakeRefusal = {
  status: 503,
  reason: 'draining',
  message: 'This server is about to close; connect again, to another one.',
  retryAfterS: 1,
}

/** A handshake that is taken, and on what terms. */
export interface Admitted {
  readonly dialect: Dialect
  readonly subprotocol: string | null
  readonly identity: Identity
  readonly implicitTopic: Topic
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

  const asked = request.params.get('topic') ?? ''
  const implicitTopic = asked === '' ? context.implicitTopic : asked
  const topicFault = checkBytes('The topic', implicitTopic, 'topicBytes', context.limits)
  if (dialect.hasImplicitTopic && topicFault) {
    return { status: 400, reason: topicFault.code, message: topicFault.message }
  }

  const identity = await identify(request, context)
  return 'status' in identity ? identity : { dialect, subprotocol, identity, implicitTopic }
}

async function identify(
  request: HandshakeRequest,
  context: AdmissionContext,
): Promise<Identity | HandshakeRefusal> {
  const { authenticate, authenticateTimeoutMs, limits, clock, random, log } = context
  const isDevelopment = context.mode() === 'development'
  if (!authenticate) {
    if (!isDevelopment && !context.allowAnonymous) {
      const message = 'This server has no way to tell who connects: set authenticate, or allowAnonymous.'
      log.error({ remoteAddress: request.remoteAddress }, message)
      return {
        status: 401,
        reason: 'unauthorized',
        message: 'This server takes nobody whom it cannot identify.',
      }
    }
    return anonymousIdentity(request.params, {
      trustUserId: isDevelopment,
      limits,
      mintGuestId: () => random.id(5),
    })
  }
  const late = () => {
    throw new AuthenticateTimeout()
  }
  try {
    const identity = await withTimeout(
      Promise.resolve(authenticate(request)),
      authenticateTimeoutMs,
      clock,
      late,
    )
    if (typeof identity?.id === 'string' && identity.id !== '') return identity
    log.error({ remoteAddress: request.remoteAddress }, 'authenticate returned no identity with an id')
  } catch (error) {
    if (error instanceof HandshakeError)
      return { status: error.status, reason: error.reason, message: error.message }
    log.error({ err: error, remoteAddress: request.remoteAddress }, 'authenticate failed')
    if (error instanceof AuthenticateTimeout) {
      return {
        status: 504,
        reason: 'authenticate_timeout',
        message: 'Finding out who you are took too long.',
      }
    }
  }
  return { status: 500, reason: 'authenticate_failed', message: 'Finding out who you are failed.' }
}

class AuthenticateTimeout extends Error {}

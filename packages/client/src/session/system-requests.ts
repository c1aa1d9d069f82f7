import {
  type ClientMessage,
  field,
  isJsonObject,
  type JsonObject,
  type MessageRef,
} from '@rollcall/shared-protocol'
import type { ReceivedFrame, SessionInfo } from '../connection/connection-state'
import type { Lifetime } from '../credentials/credentials-state'
import type { RollcallError } from '../errors'
import { readRefusal, refusalError } from '../refusal'
import type { SessionToken } from './session-token'

/*
 *   hello   (token, instance)   -->  session, token, identity, expires_in_ms …   accepted | refused
 *   refresh (params, token)     -->  identity, expires_in_ms                     refreshed | refreshRefused
 *
 * The requests on the protocol's own topic. Replies to requests of an earlier connection are ignored.
 */

type ReceivedReply = Extract<ReceivedFrame, { readonly kind: 'reply' }>

interface Refused {
  readonly error: RollcallError
  readonly isRetryable: boolean
  readonly retryAfterMs: number
}

export type SystemReply =
  | { readonly kind: 'accepted'; readonly session: SessionInfo; readonly lifetime: Lifetime }
  | ({ readonly kind: 'refused' } & Refused)
  | { readonly kind: 'refreshed'; readonly lifetime: Lifetime }
  | ({ readonly kind: 'refreshRefused' } & Refused)

/** The session of a server without hello. */
export const UNKNOWN_SESSION: SessionInfo = { id: null, identity: null, isResumed: false, recoveringMs: 0 }

export class SystemRequests {
  readonly #token: SessionToken
  /** Tells the server that the same program continues a session, and not a copy of its tab. (C-21) */
  readonly #instance: string
  readonly #nextRef: () => string
  #helloRef: MessageRef = null
  #refreshRef: MessageRef = null

  constructor(token: SessionToken, instance: string, nextRef: () => string) {
    this.#token = token
    this.#instance = instance
    this.#nextRef = nextRef
  }

  hello(): ClientMessage {
    const ref = this.#nextRef()
    this.#helloRef = ref
    this.#refreshRef = null
    this.#token.restore()
    const token = this.#token.current
    return { kind: 'hello', ref, instance: this.#instance, ...(token === null ? {} : { token }) }
  }

  /** @param params - The same that the query of a handshake would have. */
  refresh(params: ReadonlyMap<string, string>, token: string | null): ClientMessage {
    const ref = this.#nextRef()
    this.#refreshRef = ref
    return { kind: 'refresh', ref, params, ...(token === null ? {} : { token }) }
  }

  /** Returns null for a reply to another request than the latest. */
  read({ ref, status, response }: ReceivedReply): SystemReply | null {
    if (ref === null) return null
    const isOk = status === 'ok'
    const body: JsonObject = isJsonObject(response) ? response : {}
    if (ref === this.#helloRef) {
      this.#helloRef = null
      if (!isOk) return { kind: 'refused', ...refused('The server refused the connection', body) }
      const token = field(body, 'token')
      if (typeof token === 'string') this.#token.save(token)
      return { kind: 'accepted', session: readSession(body), lifetime: readLifetime(body) }
    }
    if (ref !== this.#refreshRef) return null
    this.#refreshRef = null
    if (isOk) return { kind: 'refreshed', lifetime: readLifetime(body) }
    return { kind: 'refreshRefused', ...refused('The server refused the newer credentials', body) }
  }
}

function refused(problem: string, response: JsonObject): Refused {
  const refusal = readRefusal(response)
  const { isRetryable, retryAfterMs } = refusal
  return { error: refusalError('refused', problem, refusal), isRetryable, retryAfterMs }
}

/** Reads the reply to hello. Fields that are missing stay unknown. */
function readSession(body: JsonObject): SessionInfo {
  const session = field(body, 'session')
  const identity = field(body, 'identity')
  const id = isJsonObject(identity) ? field(identity, 'id') : undefined
  const recoveringMs = field(body, 'settling_ms')
  return {
    id: typeof session === 'string' ? session : null,
    identity: typeof id === 'string' ? { id } : null,
    isResumed: field(body, 'resumed') === true,
    recoveringMs: typeof recoveringMs === 'number' ? recoveringMs : 0,
  }
}

function readLifetime(body: JsonObject): Lifetime {
  const ms = field(body, 'expires_in_ms')
  if (ms === null) return 'never'
  return typeof ms === 'number' && ms >= 0 ? ms : 'unknown'
}

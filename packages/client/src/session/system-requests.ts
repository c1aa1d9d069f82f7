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
 *   hello   (token, instance)   -->  session, token, identity, expires_in_ms …   welcomed | unwelcome
 *   refresh (params, token)     -->  identity, expires_in_ms                     accepted | rejected
 *
 * What is said of the session on the protocol's own topic, and what the answers mean. No answer to what was said on an
 * earlier connection, or was given up, is heard.
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

/** All that is known of a session with a server that does not tell. */
export const UNKNOWN_SESSION: SessionInfo = { id: null, identity: null, isResumed: false, recoveringMs: 0 }

export class SystemRequests {
  readonly #token: SessionToken
  /** Tells the server that a session goes on in the program that held it, and not in a copy of its tab. */
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

  /** `params` as the query of a handshake would have them. */
  refresh(params: ReadonlyMap<string, string>, token: string | null): ClientMessage {
    const ref = this.#nextRef()
    this.#refreshRef = ref
    return { kind: 'refresh', ref, params, ...(token === null ? {} : { token }) }
  }

  /** Null for an answer to nothing that waits. */
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
    return { kind: 'refreshRefused', ...refused('The server did not take newer credentials', body) }
  }
}

function refused(what: string, response: JsonObject): Refused {
  const refusal = readRefusal(response)
  const { isRetryable, retryAfterMs } = refusal
  return { error: refusalError('refused', what, refusal), isRetryable, retryAfterMs }
}

/** Who we are, of the answer to hello. What a server does not tell stays unknown. */
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

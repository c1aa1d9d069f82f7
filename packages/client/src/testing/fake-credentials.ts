import type { JsonObject, Key } from '@rollcall/shared-protocol'

/** New credentials that reached a fake server over an open connection. */
export interface FakeRefresh {
  readonly params: ReadonlyMap<string, string>
  /** The option `authToken`; null for none. */
  readonly token: string | null
}

/** A refusal of a fake server. A reason of the protocol keeps its meaning. */
export interface FakeRefusal {
  readonly reason: string
  readonly retryAfterMs?: number
}

/** Handles newer credentials: accepts those of the same identity, unless a test refuses them. */
export class FakeRefreshes {
  /** The lifetime of credentials that clients get, in milliseconds; null for no end. */
  readonly expiresInMs: number | null
  readonly #identify: (params: URLSearchParams) => Key | null
  readonly #received: FakeRefresh[] = []
  #refusal: FakeRefusal | 'silence' | null = null

  constructor(expiresInMs: number | null, identify: (params: URLSearchParams) => Key | null) {
    this.expiresInMs = expiresInMs
    this.#identify = identify
  }

  get received(): readonly FakeRefresh[] {
    return [...this.#received]
  }

  /** Refuses from now on; null accepts again. */
  refuse(refusal: FakeRefusal | 'silence' | null): void {
    this.#refusal = refusal
  }

  /** The reply to a refresh in a session of `identity`. */
  receive(refresh: FakeRefresh, identity: Key): { readonly ok: JsonObject } | FakeRefusal | 'silence' {
    this.#received.push(refresh)
    if (this.#refusal) return this.#refusal
    const claimed = this.#identify(new URLSearchParams([...refresh.params]))
    if (claimed !== null && claimed !== identity) return { reason: 'identity_changed' }
    return { ok: { identity: { id: identity }, expires_in_ms: this.expiresInMs } }
  }
}

import type { JsonObject, Key } from '@rollcall/shared-protocol'

/** New credentials that reached a fake server over an open connection. */
export interface FakeRefresh {
  readonly params: ReadonlyMap<string, string>
  /** What the option `authToken` gave; null for none. */
  readonly token: string | null
}

/** Why a fake server refuses. A reason of the protocol's keeps its meaning. */
export interface FakeRefusal {
  readonly reason: string
  readonly retryAfterMs?: number
}

/** What a fake server makes of newer credentials: takes them, where they are of the same person. */
export class FakeRefreshes {
  /** How long credentials last, as clients are told; null for ever. */
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

  /** From now on; null: takes them again. */
  refuse(refusal: FakeRefusal | 'silence' | null): void {
    this.#refusal = refusal
  }

  /** The answer to one whose session is that of `identity`. */
  take(refresh: FakeRefresh, identity: Key): { readonly ok: JsonObject } | FakeRefusal | 'silence' {
    this.#received.push(refresh)
    if (this.#refusal) return this.#refusal
    const claimed = this.#identify(new URLSearchParams([...refresh.params]))
    if (claimed !== null && claimed !== identity) return { reason: 'identity_changed' }
    return { ok: { identity: { id: identity }, expires_in_ms: this.expiresInMs } }
  }
}

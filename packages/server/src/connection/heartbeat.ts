export interface HeartbeatOptions {
  /** Silence after which a peer is asked to show itself, in milliseconds. @default 20000 */
  readonly pingIntervalMs: number
  /** Time that it has to do so, in milliseconds. @default 10000 */
  readonly pongTimeoutMs: number
}

/** When a peer was last heard, and when it was asked since then, on the server's clock. */
export interface PeerActivity {
  readonly lastHeardMs: number
  /** Null where it was heard since it was asked. */
  readonly pingedAtMs: number | null
}

/**
 * How often the peers are looked at, in milliseconds. One sweep for all of them instead of two timers for each; the
 * verdict below acts one sweep early, so that the published bound holds.
 */
export function sweepIntervalMs({ pingIntervalMs, pongTimeoutMs }: HeartbeatOptions): number {
  return Math.max(10, Math.min(1000, pingIntervalMs / 4, pongTimeoutMs / 4))
}

/**
 * What to do about a peer, looked at every {@link sweepIntervalMs}. Whatever a peer sends counts as a sign of life, so
 * a busy one is never asked. A dead one is found within `pingIntervalMs + pongTimeoutMs`. (S-8)
 */
export function checkLiveness(
  peer: PeerActivity,
  nowMs: number,
  options: HeartbeatOptions,
): 'fine' | 'ask' | 'dead' {
  const sweepMs = sweepIntervalMs(options)
  if (peer.pingedAtMs !== null)
    return nowMs - peer.pingedAtMs > options.pongTimeoutMs - sweepMs ? 'dead' : 'fine'
  return nowMs - peer.lastHeardMs > options.pingIntervalMs - sweepMs ? 'ask' : 'fine'
}

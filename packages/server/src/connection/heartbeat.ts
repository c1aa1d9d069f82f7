export interface HeartbeatOptions {
  /** Milliseconds of silence after which the server pings a client. @default 20000 */
  readonly pingIntervalMs: number
  /** Milliseconds that the client has to reply. @default 10000 */
  readonly pongTimeoutMs: number
}

/** A peer's latest sign of life, on the server's clock. */
export interface PeerActivity {
  readonly lastHeardMs: number
  /** Null if the server has heard from the peer since the ping. */
  readonly pingedAtMs: number | null
}

/**
 * Milliseconds between two sweeps over all peers, which replace two timers per peer. {@link checkLiveness} acts one sweep
 * early, so that the documented times hold.
 */
export function sweepIntervalMs({ pingIntervalMs, pongTimeoutMs }: HeartbeatOptions): number {
  return Math.max(10, Math.min(1000, pingIntervalMs / 4, pongTimeoutMs / 4))
}

/**
 * Decides whether to ping a peer or end its connection. Call it every {@link sweepIntervalMs}. Any message counts as a
 * sign of life, so a busy peer gets no ping. A dead one is found within `pingIntervalMs + pongTimeoutMs`. (S-8)
 */
export function checkLiveness(
  peer: PeerActivity,
  nowMs: number,
  options: HeartbeatOptions,
): 'alive' | 'ping' | 'dead' {
  const sweepMs = sweepIntervalMs(options)
  if (peer.pingedAtMs !== null)
    return nowMs - peer.pingedAtMs > options.pongTimeoutMs - sweepMs ? 'dead' : 'alive'
  return nowMs - peer.lastHeardMs > options.pingIntervalMs - sweepMs ? 'ping' : 'alive'
}

import type { ServerOptions } from '@rollcall/server'

const every = Number.POSITIVE_INFINITY

/**
 * Nothing is refused: the whole load comes from this machine, in production mode, from connections that send far more
 * than a person does. All is counted nevertheless, as it is in use.
 */
export const unbounded = {
  admission: {
    maxConnections: every,
    maxPerAddress: every,
    maxPerIdentity: every,
    maxPending: every,
    maxPendingPerAddress: every,
    handshakesPerSecond: 1e9,
    handshakeBurst: 1e9,
    handshakesPerSecondPerAddress: 1e9,
    handshakeBurstPerAddress: 1e9,
    requestsPerSecondPerAddress: 1e9,
    requestBurstPerAddress: 1e9,
  },
  limits: { presencesPerIdentity: every },
  rates: {
    messages: { perSecond: 1e9, burst: 1e9 },
    bytes: { perSecond: 1e12, burst: 1e12 },
    joins: { perSecond: 1e9, burst: 1e9 },
    updates: { perSecond: 1e9, burst: 1e9 },
    refreshes: { perSecond: 1e9, burst: 1e9 },
    abuse: { perSecond: 1e9, burst: 1e9 },
  },
} satisfies ServerOptions

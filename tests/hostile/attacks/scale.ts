import type { ServerOptions } from '@rollcall/server'

/** How large the attacks are, and the bounds of the server that they meet. */
export interface Scale {
  readonly maxPerAddress: number
  readonly maxPerIdentity: number
  readonly presencesPerIdentity: number
  readonly maxPending: number
  readonly handshakesPerSecond: number
  readonly handshakeBurst: number
  /** Of one address. */
  readonly handshakeBurstPerAddress: number
  readonly headersTimeoutMs: number
  /** Of an application's server: time that other listeners have to answer an upgrade. */
  readonly upgradeTimeoutMs: number
  /** Of an application's server. */
  readonly guestsPerAddress: number
  readonly accountStateBytes: number
  readonly stallTimeoutMs: number
  /** TCP connections of which none says anything. */
  readonly halfOpen: number
  /** Handshakes that come byte by byte. */
  readonly slowHandshakes: number
  /** Messages of one flood. */
  readonly flood: number
}

/** Against the defaults, which is what `rollcall serve` has. */
export const FULL: Scale = {
  maxPerAddress: 256,
  maxPerIdentity: 64,
  presencesPerIdentity: 5000,
  maxPending: 1000,
  handshakesPerSecond: 1000,
  handshakeBurst: 10_000,
  handshakeBurstPerAddress: 512,
  headersTimeoutMs: 10_000,
  upgradeTimeoutMs: 10_000,
  guestsPerAddress: 8,
  accountStateBytes: 33_554_432,
  stallTimeoutMs: 30_000,
  halfOpen: 10_000,
  slowHandshakes: 500,
  flood: 100_000,
}

/** The same against a server of one's own, whose pace of handshakes one attacker can get past. */
export const OWN: Scale = { ...FULL, handshakesPerSecond: 200, handshakeBurst: 500 }

/** For a test: the same, against lower bounds. */
export const SMALL: Scale = {
  maxPerAddress: 40,
  maxPerIdentity: 8,
  // A session may have 256: those of many-joins are of one.
  presencesPerIdentity: 600,
  maxPending: 50,
  handshakesPerSecond: 50,
  handshakeBurst: 200,
  handshakeBurstPerAddress: 100,
  headersTimeoutMs: 1000,
  upgradeTimeoutMs: 1000,
  guestsPerAddress: 2,
  accountStateBytes: 4_194_304,
  stallTimeoutMs: 1500,
  halfOpen: 500,
  slowHandshakes: 20,
  flood: 5000,
}

/** What makes a server have the bounds of a scale. */
export function boundsOf(scale: Scale): Pick<ServerOptions, 'admission' | 'http' | 'limits'> {
  const { maxPerAddress, maxPerIdentity, maxPending, headersTimeoutMs, upgradeTimeoutMs } = scale
  const { handshakesPerSecond, handshakeBurst, handshakeBurstPerAddress, presencesPerIdentity } = scale
  const seats = { maxPerAddress, maxPerIdentity, maxPending }
  return {
    admission: { ...seats, handshakesPerSecond, handshakeBurst, handshakeBurstPerAddress },
    http: { headersTimeoutMs, upgradeTimeoutMs },
    limits: { presencesPerIdentity },
  }
}

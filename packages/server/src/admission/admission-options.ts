/** How many may connect, and how fast. `Infinity` for no bound. */
export interface AdmissionOptions {
  /** Connections at a time, long polls too, and those whose handshake is under way. @default 50000 */
  readonly maxConnections: number
  /** The same of one address (of IPv6: of one /64 network). Not in development mode. @default 256 */
  readonly maxPerAddress: number
  /** Connections of one identity at a time. Guests are each another. @default 64 */
  readonly maxPerIdentity: number
  /**
   * Handshakes that wait for `authenticate` at a time. In production as many TCP connections may be without a whole
   * request; of more, the oldest are cut off. @default 1000
   */
  readonly maxPending: number
  /** The same of one address. Not in development mode. @default 64 */
  readonly maxPendingPerAddress: number
  /** Handshakes a second in the long run. @default 1000 */
  readonly handshakesPerSecond: number
  /** Handshakes at once after a quiet spell. @default 10000 */
  readonly handshakeBurst: number
  /** Handshakes a second of one address. Not in development mode. @default 20 */
  readonly handshakesPerSecondPerAddress: number
  /** Handshakes of one address at once after a quiet spell. Not in development mode. @default 512 */
  readonly handshakeBurstPerAddress: number
  /** HTTP requests a second of one address, the polls and posts of long polls among them. Not in development mode. @default 1000 */
  readonly requestsPerSecondPerAddress: number
  /** HTTP requests of one address at once after a quiet spell. Not in development mode. @default 5000 */
  readonly requestBurstPerAddress: number
}

export const DEFAULT_ADMISSION: AdmissionOptions = {
  maxConnections: 50_000,
  maxPerAddress: 256,
  maxPerIdentity: 64,
  maxPending: 1000,
  maxPendingPerAddress: 64,
  handshakesPerSecond: 1000,
  handshakeBurst: 10_000,
  handshakesPerSecondPerAddress: 20,
  handshakeBurstPerAddress: 512,
  requestsPerSecondPerAddress: 1000,
  requestBurstPerAddress: 5000,
}

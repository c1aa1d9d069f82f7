/** Limits on connections and handshakes. `Infinity` removes a limit. */
export interface AdmissionOptions {
  /** Connections at a time, including long polls and handshakes in progress. @default 50000 */
  readonly maxConnections: number
  /** Connections of one address (for IPv6, of one /64 network). Not in development mode. @default 256 */
  readonly maxPerAddress: number
  /** Connections of one identity at a time. Guests are not counted. @default 64 */
  readonly maxPerIdentity: number
  /**
   * Handshakes that wait for `authenticate` at a time. In production it also bounds TCP connections that have not sent a
   * whole request; the server closes the oldest of them first. @default 1000
   */
  readonly maxPending: number
  /** The same limit for one address. Not in development mode. @default 64 */
  readonly maxPendingPerAddress: number
  /** Handshakes per second in the long run. @default 1000 */
  readonly handshakesPerSecond: number
  /** Handshakes at once after a quiet period. @default 10000 */
  readonly handshakeBurst: number
  /** Handshakes per second of one address. Not in development mode. @default 20 */
  readonly handshakesPerSecondPerAddress: number
  /** Handshakes of one address at once after a quiet period. Not in development mode. @default 512 */
  readonly handshakeBurstPerAddress: number
  /**
   * HTTP requests per second of one address, including long polls. Each KiB of target and headers counts as one more. Not in
   * development mode. @default 1000
   */
  readonly requestsPerSecondPerAddress: number
  /** HTTP requests of one address at once after a quiet period. Not in development mode. @default 5000 */
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

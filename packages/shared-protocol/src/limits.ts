/** The bounds that a server enforces on its clients. Byte limits count UTF-8 bytes, not characters. */
export interface Limits {
  /** Longest topic, in bytes. @default 128 */
  readonly topicBytes: number
  /** Longest presence key, in bytes. @default 64 */
  readonly keyBytes: number
  /** Longest meta as JSON text, in bytes. @default 256 */
  readonly metaBytes: number
  /** Presences that one node holds for its own sessions. @default 100000 */
  readonly capacity: number
  /**
   * Presences that one node holds for one identity, over all its sessions, including those in their grace. Guests count
   * together by their address (in IPv6 by the /64 network) if addresses are counted. @default 5000
   */
  readonly presencesPerIdentity: number
  /** Longest event name, in bytes. @default 128 */
  readonly eventBytes: number
  /** Longest frame accepted from a client, in bytes. The server checks it before parsing. @default 65536 */
  readonly frameBytes: number
  /** Deepest nesting of arrays and objects in a frame. @default 32 */
  readonly jsonDepth: number
  /** Most keys and values in a frame. Each array and each object counts as one. @default 4096 */
  readonly jsonKeys: number
  /** Longest `ref`, `join_ref` and `instance`, in bytes. @default 64 */
  readonly refBytes: number
  /** Longest token in a frame, in bytes. @default 8192 */
  readonly tokenBytes: number
  /** Topics that one session may be in at a time. @default 256 */
  readonly channelsPerSession: number
}

/** The limits of the zzz presence registry, which fixes them at build time: 128, 64 and 256 bytes, 512 entries. */
export const ZZZ_LIMITS = {
  topicBytes: 128,
  keyBytes: 64,
  metaBytes: 256,
  capacity: 512,
} as const satisfies Partial<Limits>

/** The limits of a server whose `limits` option sets no others. */
export const DEFAULT_LIMITS: Limits = {
  ...ZZZ_LIMITS,
  capacity: 100_000,
  presencesPerIdentity: 5000,
  eventBytes: 128,
  frameBytes: 65_536,
  jsonDepth: 32,
  jsonKeys: 4096,
  refBytes: 64,
  tokenBytes: 8192,
  channelsPerSession: 256,
}

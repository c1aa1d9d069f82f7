/** The bounds that a server holds its clients to. Byte limits count UTF-8 bytes, not characters. */
export interface Limits {
  /** Longest topic, in bytes. @default 128 */
  readonly topicBytes: number
  /** Longest presence key, in bytes. @default 64 */
  readonly keyBytes: number
  /** Longest meta as JSON text, in bytes. @default 256 */
  readonly metaBytes: number
  /** Presences that one node holds for its own sessions. @default 100000 */
  readonly capacity: number
  /** Longest event name, in bytes. @default 128 */
  readonly eventBytes: number
  /** Longest frame accepted from a client, in bytes; looked at before parsing. @default 65536 */
  readonly frameBytes: number
  /** Deepest nesting of arrays and objects in a frame. @default 32 */
  readonly jsonDepth: number
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

/** What a server enforces unless its `limits` option says otherwise. */
export const DEFAULT_LIMITS: Limits = {
  ...ZZZ_LIMITS,
  capacity: 100_000,
  eventBytes: 128,
  frameBytes: 65_536,
  jsonDepth: 32,
  channelsPerSession: 256,
}

/** What a WebSocket frame carries (RFC 6455, 5.2). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

/** Most bytes that the payload of a close, ping or pong may have (RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125

/** One close code: the reason, and whether the client should reconnect. */
export interface CloseCodeEntry {
  readonly name: string
  readonly meaning: string
  /** Whether a client should connect again by itself. */
  readonly shouldReconnect: boolean
}

/** The close codes that a Rollcall server or client sends. 4000 to 4999 are an application's own (RFC 6455, 7.4.2). */
export const CLOSE_CODES = {
  1000: { name: 'normal', meaning: 'The peer said goodbye.', shouldReconnect: false },
  1001: {
    name: 'going_away',
    meaning: 'The server is shutting down, or the browser closed or suspended the page.',
    shouldReconnect: true,
  },
  1002: { name: 'protocol_error', meaning: 'The peer broke the WebSocket protocol.', shouldReconnect: true },
  1008: {
    name: 'policy_violation',
    meaning: 'The client broke the rules too often.',
    shouldReconnect: false,
  },
  1009: {
    name: 'frame_too_large',
    meaning: 'A frame was larger than `limits.frameBytes`.',
    shouldReconnect: true,
  },
  1011: { name: 'internal_error', meaning: 'The server failed.', shouldReconnect: true },
  1012: { name: 'service_restart', meaning: 'The server is restarting.', shouldReconnect: true },
  1013: {
    name: 'try_again_later',
    meaning: 'The client reads too slowly, or the server is full.',
    shouldReconnect: true,
  },
  4001: { name: 'heartbeat_timeout', meaning: 'The peer was silent for too long.', shouldReconnect: true },
  4002: { name: 'kicked', meaning: 'The server ended the session.', shouldReconnect: false },
  4003: {
    name: 'replaced',
    meaning: 'Another connection resumed the session. Reconnect to start a new one.',
    shouldReconnect: true,
  },
  4004: { name: 'expired', meaning: 'The credentials have expired.', shouldReconnect: false },
  4005: {
    name: 'suspended',
    meaning: 'The browser suspends the page, which may continue later.',
    shouldReconnect: true,
  },
  4006: { name: 'unloaded', meaning: 'The page was closed, left or reloaded.', shouldReconnect: true },
} as const satisfies Record<number, CloseCodeEntry>

export type CloseCode = keyof typeof CLOSE_CODES

type FinalCode = {
  [C in CloseCode]: (typeof CLOSE_CODES)[C]['shouldReconnect'] extends false ? C : never
}[CloseCode]

/** Separate from the table, so that a page does not download the sentences. One code too many or too few does not compile. */
const FINAL_CODES: Readonly<Record<FinalCode, true>> = { 1000: true, 1008: true, 4002: true, 4004: true }

/** Whether a client should reconnect after this code. True for unknown codes, because a proxy may have sent them. */
export function shouldReconnect(code: number): boolean {
  return !Object.hasOwn(FINAL_CODES, code)
}

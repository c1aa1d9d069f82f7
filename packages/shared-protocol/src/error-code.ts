/** What a fault's code says to a program. `isRetryable`: the same request may succeed later, unchanged. */
export interface ErrorCodeEntry {
  readonly meaning: string
  readonly isRetryable: boolean
}

/** Every code that a fault can carry. Each has a heading in `docs/reference/errors.md`. */
export const ERROR_CODES = {
  malformed_frame: { meaning: 'The frame is not the JSON that the dialect prescribes.', isRetryable: false },
  invalid_message: {
    meaning: 'The JSON is well formed, but a field is missing or of the wrong type.',
    isRetryable: false,
  },
  invalid_text: { meaning: 'A name holds a character that no name may have.', isRetryable: false },
  binary_unsupported: { meaning: 'The dialect has no binary frames.', isRetryable: false },
  limit_exceeded: { meaning: 'Something is longer, deeper or more than a limit allows.', isRetryable: false },
  capacity_exceeded: {
    meaning: 'The node holds as many presences as it may, in all or of this identity.',
    isRetryable: true,
  },
  unmatched_topic: { meaning: 'No channel of this server serves the topic.', isRetryable: false },
  not_joined: { meaning: 'The session is not in the topic that it sent to.', isRetryable: false },
  not_tracked: {
    meaning: 'The session has no presence in the topic that it could update.',
    isRetryable: false,
  },
  unknown_event: { meaning: 'The channel has no handler for the event.', isRetryable: false },
  reserved_event: { meaning: 'The event name belongs to the protocol.', isRetryable: false },
  refused: { meaning: "The channel refused, for the application's own reason.", isRetryable: false },
  replaced: { meaning: 'A newer join of the same topic took this one over.', isRetryable: false },
  handler_failed: { meaning: "The application's handler threw.", isRetryable: true },
  handler_timeout: { meaning: "The application's handler did not finish in time.", isRetryable: true },
  throttled: { meaning: 'Too many messages; wait `retry_after_ms`.', isRetryable: true },
  store_unavailable: { meaning: 'The store cannot take the change now.', isRetryable: true },
  unauthorized: {
    meaning: 'The server does not know who this is, or the identity may not do this.',
    isRetryable: false,
  },
  closing: { meaning: 'The server is shutting down.', isRetryable: true },
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES

type RetryableCode = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['isRetryable'] extends true ? C : never
}[ErrorCode]

/** Beside the table, so that a page carries no sentences that it never shows. One too many or too few does not compile. */
const RETRYABLE_CODES: Readonly<Record<RetryableCode, true>> = {
  capacity_exceeded: true,
  handler_failed: true,
  handler_timeout: true,
  throttled: true,
  store_unavailable: true,
  closing: true,
}

/** Whether the same request may succeed later, unchanged. A reason of the application's own: no. */
export function isRetryable(code: string): boolean {
  return Object.hasOwn(RETRYABLE_CODES, code)
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

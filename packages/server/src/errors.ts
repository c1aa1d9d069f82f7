/** Every code that {@link ServerError} can carry. Each has a heading in `docs/reference/errors.md`. */
export type ServerErrorCode =
  | 'invalid_option'
  | 'invalid_argument'
  | 'insecure_configuration'
  | 'listen_failed'
  | 'already_listening'
  | 'already_attached'
  | 'closed'
  | 'store_unavailable'

/** An error of this package's API. Input from clients never causes one. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

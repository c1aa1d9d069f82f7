import { type DestinationStream, pino } from 'pino'

/** What the server logs through; pino's loggers fit. The object comes first, the sentence second. */
export interface Logger {
  debug(context: object, message: string): void
  info(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
}

/** Warnings and errors to standard error, so that an embedding program's output stays its own. */
export function defaultLogger(): Logger {
  return pino({ name: 'rollcall', level: 'warn' }, standardError())
}

/** Bytes of the log that wait where standard error takes nothing for a while. More is dropped. */
const MAX_WAITING_BYTES = 1_048_576

/**
 * Standard error, to write a log to. Where it cannot be written (the disk is full, the reader has gone) lines are lost, and
 * the program goes on. (S-76)
 */
export function standardError(): DestinationStream {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_BYTES })
  destination.on('error', () => {})
  return destination
}

/**
 * Logs what code of the application threw, which may be anything, such as an object that throws when it is looked at:
 * then, that it cannot be shown. Never throws, for it is called where nothing may.
 */
export function logFailure(log: Logger, error: unknown, context: object, message: string): void {
  try {
    log.error({ err: error, ...context }, message)
  } catch {
    try {
      log.error({ err: 'What was thrown cannot be shown.', ...context }, message)
    } catch {
      // A logger that takes nothing: there is nobody to tell.
    }
  }
}

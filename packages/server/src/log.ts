import { type DestinationStream, pino } from 'pino'
import type { HandshakeRefusal } from './io/wire'

/** A logger, such as one of pino's. The context object comes first, the message second. */
export interface Logger {
  debug(context: object, message: string): void
  info(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
}

/** Logs warnings and errors to standard error, so that standard output stays free for the program. */
export function defaultLogger(): Logger {
  return pino({ name: 'rollcall', level: 'warn' }, standardError())
}

/** Most bytes of log lines that wait for standard error. Further lines are dropped. */
const MAX_WAITING_BYTES = 1_048_576

/**
 * Returns standard error as a log destination. If it cannot be written to (a full disk, a reader that is gone), lines are
 * lost and the program continues. (S-76)
 */
export function standardError(): DestinationStream {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_BYTES })
  destination.on('error', () => {})
  return destination
}

/**
 * Logs a value that the application threw. The value may be anything, even an object that throws when it is inspected; then
 * the line says that it cannot be logged. Never throws.
 */
export function logFailure(log: Logger, error: unknown, context: object, message: string): void {
  try {
    log.error({ err: error, ...context }, message)
  } catch {
    try {
      log.error({ err: 'The thrown value cannot be logged.', ...context }, message)
    } catch {
      // The logger itself throws, so there is no way to report anything.
    }
  }
}

/** Shortest time between two lines about the same reason, in milliseconds. */
const INTERVAL_MS = 10_000

/** Logs refusals at most once per interval and reason, so that an attack cannot flood the log. */
export class SampledLog {
  readonly #log: Logger
  readonly #message: string
  /** By reason: the time of its last line, and the number of suppressed ones since. There are few reasons. */
  readonly #lastLines = new Map<string, { atMs: number; suppressedCount: number }>()

  /** @param message - the message of each line, such as "refusing handshakes" */
  constructor(log: Logger, message: string) {
    this.#log = log
    this.#message = message
  }

  warn({ reason, message }: Omit<HandshakeRefusal, 'status'> & { status?: number }, nowMs: number): void {
    const last = this.#lastLines.get(reason)
    if (last && nowMs - last.atMs < INTERVAL_MS) {
      last.suppressedCount++
      return
    }
    this.#lastLines.set(reason, { atMs: nowMs, suppressedCount: 0 })
    this.#log.warn({ reason, message, suppressedCount: last?.suppressedCount ?? 0 }, this.#message)
  }
}

import { type DestinationStream, pino } from 'pino'
import type { HandshakeRefusal } from './io/wire'

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
      log.error({ err: 'The thrown value cannot be logged.', ...context }, message)
    } catch {
      // A logger that takes nothing: there is nobody to tell.
    }
  }
}

/** Between two lines about the same reason. */
const QUIET_MS = 10_000

/** Says in the log that something is refused, once in a while for each reason: a flood of it must not be one of lines. */
export class SampledLog {
  readonly #log: Logger
  readonly #what: string
  /** By the reason, of which there are few: when it was last told, and how often it came since. */
  readonly #told = new Map<string, { atMs: number; since: number }>()

  /** `what` is said of them: “handshakes are refused”. */
  constructor(log: Logger, what: string) {
    this.#log = log
    this.#what = what
  }

  warn({ reason, message }: HandshakeRefusal, nowMs: number): void {
    const last = this.#told.get(reason)
    if (last && nowMs - last.atMs < QUIET_MS) {
      last.since++
      return
    }
    this.#told.set(reason, { atMs: nowMs, since: 0 })
    this.#log.warn({ reason, message, suppressedCount: last?.since ?? 0 }, this.#what)
  }
}

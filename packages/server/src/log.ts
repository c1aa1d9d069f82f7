import { pino } from 'pino'

/** What the server logs through; pino's loggers fit. The object comes first, the sentence second. */
export interface Logger {
  debug(context: object, message: string): void
  info(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
}

/** Warnings and errors to standard error, so that an embedding program's output stays its own. */
export function defaultLogger(): Logger {
  return pino({ name: 'rollcall', level: 'warn' }, pino.destination({ dest: 2, sync: true }))
}

import { pino } from 'pino'
import pretty from 'pino-pretty'
import { type Logger, standardError } from '../log'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** To standard error: lines for a person at a terminal, JSON for a machine elsewhere. */
export function cliLogger(level: LogLevel): Logger {
  if (!process.stderr.isTTY) return pino({ level }, standardError())
  return pino(
    { level },
    pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
  )
}

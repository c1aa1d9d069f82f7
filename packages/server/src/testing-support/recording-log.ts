import type { Logger } from '../log'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly context: Readonly<Record<string, unknown>>
  readonly message: string
}

/** Records log lines. */
export class RecordingLog implements Logger {
  readonly lines: LogLine[] = []

  debug = (context: object, message: string) => this.#add('debug', context, message)
  info = (context: object, message: string) => this.#add('info', context, message)
  warn = (context: object, message: string) => this.#add('warn', context, message)
  error = (context: object, message: string) => this.#add('error', context, message)

  /** The lines of one level. */
  of(level: LogLine['level']): LogLine[] {
    return this.lines.filter((line) => line.level === level)
  }

  #add(level: LogLine['level'], context: object, message: string): void {
    this.lines.push({ level, context: { ...context }, message })
  }
}

import type { HandshakeRefusal } from '../io/wire'
import type { Logger } from '../log'

/** Between two lines about the same reason. */
const QUIET_MS = 10_000

/** Says in the log that something is refused, once in a while for each reason: a flood of it must not be one of lines. */
export class RefusalLog {
  readonly #log: Logger
  readonly #what: string
  /** By the reason, of which there are few: when it was last told, and how often it came since. */
  readonly #told = new Map<string, { atMs: number; since: number }>()

  /** `what` is said of them: “handshakes are refused”. */
  constructor(log: Logger, what: string) {
    this.#log = log
    this.#what = what
  }

  note({ reason, message }: HandshakeRefusal, nowMs: number): void {
    const last = this.#told.get(reason)
    if (last && nowMs - last.atMs < QUIET_MS) {
      last.since++
      return
    }
    this.#told.set(reason, { atMs: nowMs, since: 0 })
    this.#log.warn({ reason, message, notTold: last?.since ?? 0 }, this.#what)
  }
}

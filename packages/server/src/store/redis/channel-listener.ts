import type { Clock, Timer } from '../../io/clock'
import { type Logger, SampledLog } from '../../log'

/** Milliseconds between two calls of a {@link PacedReport}. */
const PAUSE_MS = 1000

/**
 * Receives the messages of channels. A message that this version does not write is dropped and logged, once in ten seconds
 * for all channels of a kind, and so is one whose reader throws: nothing that Redis delivers may end the node. (S-110)
 */
export class ChannelListener {
  readonly #sampled: SampledLog
  readonly #clock: Clock

  constructor(log: Logger, clock: Clock) {
    this.#sampled = new SampledLog(
      log,
      'dropping messages of a Redis channel that this version does not write',
    )
    this.#clock = clock
  }

  /**
   * @param kind the kind of channel, for the log
   * @param read returns false for a message that it cannot read
   * @param onDropped called with each dropped message
   */
  listen(
    kind: 'topic' | 'node',
    channel: string,
    read: (text: string) => boolean,
    onDropped: (text: string) => void = () => {},
  ): (text: string) => void {
    return (text) => {
      try {
        if (read(text)) return
        this.#log(kind, `Channel ${channel}: the message has an unknown shape.`)
      } catch (error) {
        this.#log(kind, `Channel ${channel}: reading the message failed: ${String(error)}`)
      }
      onDropped(text)
    }
  }

  #log(reason: string, message: string): void {
    this.#sampled.warn({ reason, message }, this.#clock.now())
  }
}

/** Calls `onDue` at most once a second, and always once after the latest {@link report}. */
export class PacedReport {
  readonly #clock: Clock
  readonly #onDue: () => void
  #timer: Timer | null = null
  #isDue = false

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  report(): void {
    if (this.#timer) this.#isDue = true
    else this.#call()
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#isDue = false
  }

  #call(): void {
    this.#isDue = false
    this.#timer = this.#clock.after(PAUSE_MS, () => {
      this.#timer = null
      if (this.#isDue) this.#call()
    })
    this.#onDue()
  }
}

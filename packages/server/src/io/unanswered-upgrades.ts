import type { Duplex } from 'node:stream'
import type { Clock } from './clock'
import { PendingSockets, type Severable } from './pending-sockets'

/*
 *   upgrade of another path --watch--> waits for another listener --it writes--> that listener's
 *                                          |
 *          timeoutMs, one too many (in all, of its address), or close(): cut off
 *
 * Node hands each upgrade to every listener and never asks whether one of them answered. A path that nobody knows would
 * hold its socket for ever. (S-46)
 */

export interface UnansweredUpgradesOptions {
  readonly clock: Clock
  /** Milliseconds that another listener has to answer. */
  readonly timeoutMs: number
  readonly max: number
  readonly maxPerAddress: number
}

/** Sockets whose upgrade is left to the other listeners of an HTTP server. */
export class UnansweredUpgrades {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #pending: PendingSockets<Severable>
  #isClosed = false

  constructor({ clock, timeoutMs, max, maxPerAddress }: UnansweredUpgradesOptions) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#pending = new PendingSockets({ max, maxPerAddress })
  }

  /** How many are watched. */
  get size(): number {
    return this.#pending.size
  }

  /** `writtenBytes` is what had been written when the upgrade came; `address` is null where addresses are not counted. */
  watch(socket: Duplex, writtenBytes: number, address: string | null): void {
    // Most listeners answer within the turn, and theirs are never counted.
    this.#clock.soon(() => {
      if (isAnswered(socket, writtenBytes)) return
      if (this.#isClosed) return void socket.destroy()
      const timer = this.#clock.after(this.#timeoutMs, () => {
        this.#pending.remove(entry)
        entry.destroy()
      })
      const entry: Severable = {
        destroy: () => {
          timer.cancel()
          if (!isAnswered(socket, writtenBytes)) socket.destroy()
        },
      }
      socket.once('close', () => {
        timer.cancel()
        this.#pending.remove(entry)
      })
      this.#pending.add(entry, address)
      if (this.#pending.isCrowded) this.#pending.trim()
    })
  }

  /**
   * Stops watching. Upgrades that nobody has answered by now are cut off: left open, nobody would ever end them, and they
   * would keep their HTTP server from closing. (S-93)
   */
  close(): void {
    this.#isClosed = true
    this.#pending.clear()
  }
}

/** Whether somebody has answered an upgrade, or ended it, since so much was written. */
export function isAnswered(socket: Duplex, writtenBytes: number): boolean {
  return socket.destroyed || socket.writableEnded || bytesWrittenTo(socket) !== writtenBytes
}

/** What was written to a socket since it is there; it may have had answers to earlier requests. */
export function bytesWrittenTo(socket: Duplex & { readonly bytesWritten?: number }): number {
  return socket.bytesWritten ?? 0
}

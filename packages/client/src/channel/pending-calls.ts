import { PendingResult } from '../async/timer'
import type { RollcallError } from '../errors'
import type { ResolvedSocketOptions } from '../options'

/** The callers of `join()` and `leave()` of one channel. All callers of one join, or of one leave, share a promise. */
export class PendingCalls {
  readonly #options: Pick<ResolvedSocketOptions, 'clock' | 'timeoutMs'>
  #join: PendingResult<unknown> | null = null
  #leave: PendingResult<void> | null = null

  constructor(options: Pick<ResolvedSocketOptions, 'clock' | 'timeoutMs'>) {
    this.#options = options
  }

  /** The promise of the latest join. It stays after the join until {@link forgetJoin}. */
  get join(): Promise<unknown> | null {
    return this.#join?.promise ?? null
  }

  get leave(): Promise<void> | null {
    return this.#leave?.promise ?? null
  }

  /** @param timeoutError - Called after `timeoutMs` without a result. */
  addJoin(timeoutError: (timeoutMs: number) => RollcallError): Promise<unknown> {
    const { clock, timeoutMs } = this.#options
    const pending = new PendingResult<unknown>(clock, timeoutMs, () => {
      this.#join = null
      pending.reject(timeoutError(timeoutMs))
    })
    // The caller need not await the join: the channel's status and snapshot report the same.
    this.#join = pending.markHandled()
    return pending.promise
  }

  /** Has no timeout: the channel machine finishes a leave that the server does not answer in time. */
  addLeave(): Promise<void> {
    this.#leave = new PendingResult<void>(this.#options.clock, null)
    return this.#leave.promise
  }

  resolveJoin(response: unknown): void {
    this.#join?.resolve(response)
  }

  rejectJoin(error: RollcallError): void {
    const pending = this.#join
    this.#join = null
    pending?.reject(error)
  }

  /** The next `join()` gets a promise of its own. */
  forgetJoin(): void {
    this.#join = null
  }

  resolveLeave(): void {
    const pending = this.#leave
    this.#leave = null
    pending?.resolve()
  }
}

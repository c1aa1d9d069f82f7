import { RunningMachine } from '../async/running-machine'
import { PendingResults, ResettableTimer } from '../async/timer'
import type { CloseInfo } from '../connection/connection-state'
import { asRollcallError, type RollcallError } from '../errors'
import type { ResolvedSocketOptions } from '../options'
import { hasFunction, readCredentials } from './credentials'
import { stepCredentials } from './credentials-machine'
import { renewalTimeoutError } from './credentials-renewal'
import {
  type Credentials,
  type CredentialsEffect,
  type CredentialsEvent,
  type CredentialsState,
  INITIAL_CREDENTIALS,
} from './credentials-state'

export interface CredentialsListener {
  /** These are to be connected with. */
  onReady(credentials: Credentials): void
  /** There is nothing to connect with. */
  onFailed(error: RollcallError): void
  /** These are to be sent over the connection. */
  onRefresh(credentials: Credentials): void
  /** The connection ended, and may be made again. */
  onClose(close: CloseInfo): void
  /** There is nothing to make it again with. */
  onExpired(close: CloseInfo | null): void
  /** They could not be renewed, which nobody had asked for. */
  onFault(error: RollcallError): void
}

/** Who we are, as the server took it last: asked of the application for each connection, and renewed while it lasts. */
export class CredentialsProvider {
  readonly #options: ResolvedSocketOptions
  readonly #listener: CredentialsListener
  readonly #machine: RunningMachine<CredentialsState, CredentialsEvent, CredentialsEffect>
  readonly #timer: ResettableTimer
  readonly #waiters: PendingResults

  constructor(options: ResolvedSocketOptions, listener: CredentialsListener) {
    const { clock, connectTimeoutMs, timeoutMs, backoff } = options
    this.#options = options
    this.#listener = listener
    this.#timer = new ResettableTimer(clock, () => this.dispatch({ kind: 'due' }))
    this.#waiters = new PendingResults(clock, timeoutMs, () => renewalTimeoutError(timeoutMs))
    this.#machine = new RunningMachine<CredentialsState, CredentialsEvent, CredentialsEffect>(
      INITIAL_CREDENTIALS,
      (state, event) =>
        stepCredentials(state, event, {
          now: clock.now(),
          random: options.random(),
          canRenew: hasFunction(options),
          connectTimeoutMs,
          timeoutMs,
          backoff,
        }),
      (effect) => this.#perform(effect),
    )
  }

  dispatch(event: CredentialsEvent): void {
    this.#machine.dispatch(event)
  }

  /** Resolves once the server has taken what the application says now. */
  renew(): Promise<void> {
    return this.#waiters.add((ticket) => this.dispatch({ kind: 'requested', ticket })).promise
  }

  #perform(effect: CredentialsEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'fetch':
        return this.#ask(effect.fetchId)
      case 'open':
        return this.#listener.onReady(effect.credentials)
      case 'refresh':
        return this.#listener.onRefresh(effect.credentials)
      case 'fail':
        return this.#listener.onFailed(effect.error)
      case 'passThrough':
        return this.#listener.onClose(effect.close)
      case 'expire':
        return this.#listener.onExpired(effect.close)
      case 'settle': {
        const { tickets, error } = effect
        if (tickets.length > 0) this.#waiters.settle(tickets, error)
        else if (error) this.#listener.onFault(error)
      }
    }
  }

  #ask(fetchId: number): void {
    const made = (credentials: Credentials) => this.dispatch({ kind: 'fetched', fetchId, credentials })
    const failed = (thrown: unknown) => {
      const error = asRollcallError(thrown, 'params_failed', (why) => `The params cannot be read: ${why}`)
      this.dispatch({ kind: 'failed', fetchId, error })
    }
    try {
      const read = readCredentials(this.#options)
      if (read instanceof Promise) read.then(made, failed)
      else made(read)
    } catch (thrown) {
      failed(thrown)
    }
  }
}

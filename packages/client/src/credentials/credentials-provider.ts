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

interface CredentialsListener {
  /** Connect with these. */
  onReady(credentials: Credentials): void
  /** There are no credentials to connect with. */
  onFailed(error: RollcallError): void
  /** Send these over the connection. */
  onRefresh(credentials: Credentials): void
  /** The connection ended. The client may reconnect. */
  onClose(close: CloseInfo): void
  /** The connection ended, and there are no credentials to reconnect with. */
  onExpired(close: CloseInfo | null): void
  /** A renewal that no caller asked for has failed. */
  onFault(error: RollcallError): void
}

/** Fetches credentials from the application for each connection, and renews them before they expire. */
export class CredentialsProvider {
  readonly #options: ResolvedSocketOptions
  readonly #listener: CredentialsListener
  readonly #machine: RunningMachine<CredentialsState, CredentialsEvent, CredentialsEffect>
  readonly #timer: ResettableTimer
  readonly #callers: PendingResults

  constructor(options: ResolvedSocketOptions, listener: CredentialsListener) {
    const { clock, connectTimeoutMs, timeoutMs, backoff } = options
    this.#options = options
    this.#listener = listener
    this.#timer = new ResettableTimer(clock, () => this.dispatch({ kind: 'due' }))
    this.#callers = new PendingResults(clock, timeoutMs, () => renewalTimeoutError(timeoutMs))
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

  /** Fetches and sends new credentials. Resolves when the server has accepted them. */
  renew(): Promise<void> {
    return this.#callers.add((ticket) => this.dispatch({ kind: 'requested', ticket })).promise
  }

  #perform(effect: CredentialsEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'fetch':
        return this.#fetch(effect.fetchId)
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
        if (tickets.length > 0) this.#callers.settle(tickets, error)
        else if (error) this.#listener.onFault(error)
      }
    }
  }

  #fetch(fetchId: number): void {
    const fetched = (credentials: Credentials) => this.dispatch({ kind: 'fetched', fetchId, credentials })
    const failed = (thrown: unknown) => {
      const error = asRollcallError(thrown, 'params_failed', (why) => `The params cannot be used: ${why}`)
      this.dispatch({ kind: 'failed', fetchId, error })
    }
    try {
      const read = readCredentials(this.#options)
      if (read instanceof Promise) read.then(fetched, failed)
      else fetched(read)
    } catch (thrown) {
      failed(thrown)
    }
  }
}

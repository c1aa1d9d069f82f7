import { isMade, readCredentials } from './credentials'
import { asRollcallError, type RollcallError } from './errors'
import { stepCredentials } from './machine/credentials'
import { renewalTimeoutError } from './machine/credentials-renewal'
import {
  type Credentials,
  type CredentialsEffect,
  type CredentialsEvent,
  type CredentialsState,
  INITIAL_CREDENTIALS,
} from './machine/credentials-state'
import type { CloseInfo } from './machine/socket-state'
import type { ResolvedSocketOptions } from './options'
import { RunningMachine } from './running-machine'
import { Timer } from './timer'
import { Waiters } from './waiters'

export interface CurrentCredentialsListener {
  /** These are to be connected with. */
  ready(credentials: Credentials): void
  /** There is nothing to connect with. */
  failed(error: RollcallError): void
  /** These are to be sent over the connection. */
  offered(credentials: Credentials): void
  /** The connection ended, and may be made again. */
  closed(close: CloseInfo): void
  /** There is nothing to make it again with. */
  expired(close: CloseInfo | null): void
  /** They could not be renewed, which nobody had asked for. */
  faulted(error: RollcallError): void
}

/** Who we are, as the server took it last: asked of the application for each connection, and renewed while it lasts. */
export class CurrentCredentials {
  readonly #options: ResolvedSocketOptions
  readonly #listener: CurrentCredentialsListener
  readonly #machine: RunningMachine<CredentialsState, CredentialsEvent, CredentialsEffect>
  readonly #timer: Timer
  readonly #waiters: Waiters

  constructor(options: ResolvedSocketOptions, listener: CurrentCredentialsListener) {
    const { clock, connectTimeoutMs, timeoutMs, backoff } = options
    this.#options = options
    this.#listener = listener
    this.#timer = new Timer(clock, () => this.dispatch({ kind: 'due' }))
    this.#waiters = new Waiters(clock, timeoutMs, () => renewalTimeoutError(timeoutMs))
    this.#machine = new RunningMachine<CredentialsState, CredentialsEvent, CredentialsEffect>(
      INITIAL_CREDENTIALS,
      (state, event) =>
        stepCredentials(state, event, {
          now: clock.now(),
          random: options.random(),
          canRenew: isMade(options),
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
      case 'timer':
        return this.#timer.set(effect.delayMs)
      case 'ask':
        return this.#ask(effect.asked)
      case 'open':
        return this.#listener.ready(effect.credentials)
      case 'offer':
        return this.#listener.offered(effect.credentials)
      case 'fail':
        return this.#listener.failed(effect.error)
      case 'pass':
        return this.#listener.closed(effect.close)
      case 'expire':
        return this.#listener.expired(effect.close)
      case 'settle': {
        const { tickets, error } = effect
        if (tickets.length > 0) this.#waiters.settle(tickets, error)
        else if (error) this.#listener.faulted(error)
      }
    }
  }

  #ask(asked: number): void {
    const made = (credentials: Credentials) => this.dispatch({ kind: 'made', asked, credentials })
    const failed = (thrown: unknown) => {
      const error = asRollcallError(thrown, 'params_failed', (why) => `The params cannot be read: ${why}`)
      this.dispatch({ kind: 'failed', asked, error })
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

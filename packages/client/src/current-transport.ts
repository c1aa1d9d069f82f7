import type { ClientDialect, Frame } from '@rollcall/shared-protocol'
import { tokenSubprotocolOf } from './auth-token'
import { addressWith, type Endpoint, publicAddress } from './endpoint'
import { asRollcallError, type RollcallError } from './errors'
import type { Credentials } from './machine/credentials-state'
import type { CloseInfo } from './machine/socket-state'
import type { ResolvedSocketOptions } from './options'
import { Waiter } from './timer'
import type { Transport, TransportListener } from './transport'

/** Longest wait for the other side to agree to an end; after it the connection is dropped. In milliseconds. */
const PARTING_TIMEOUT_MS = 2_000

export interface CurrentTransportListener {
  opened(): void
  frame(frame: Frame): void
  closed(close: CloseInfo): void
  /** There is nothing to connect with. */
  failed(error: RollcallError): void
}

/** What of a dialect shows in a handshake. */
export type OfferedDialect = Pick<ClientDialect, 'subprotocol' | 'subprotocolBesideToken'>

/** One attempt and what became of it. */
interface Attempt {
  /** Null where there is none to be had. */
  transport: Transport | null
  isOpen: boolean
  parting: Waiter<void> | null
}

/**
 * The one transport that is in use. What a former one still has to say is not heard, however late it comes: else an
 * old connection's end would be taken for the new one's.
 */
export class CurrentTransport {
  readonly #options: ResolvedSocketOptions
  readonly #endpoint: Endpoint
  readonly #dialect: OfferedDialect
  readonly #listener: CurrentTransportListener
  readonly #partings = new Set<Promise<void>>()
  #current: Attempt | null = null

  constructor(
    options: ResolvedSocketOptions,
    endpoint: Endpoint,
    dialect: OfferedDialect,
    listener: CurrentTransportListener,
  ) {
    this.#options = options
    this.#endpoint = endpoint
    this.#dialect = dialect
    this.#listener = listener
  }

  get isOpen(): boolean {
    return this.#current?.isOpen ?? false
  }

  /** Begins anew. What comes of it is told to the listener, and never before this returns. */
  open({ params, token }: Credentials): void {
    const attempt: Attempt = { transport: null, isOpen: false, parting: null }
    this.#current = attempt
    const isCurrent = () => attempt === this.#current
    const { subprotocol, subprotocolBesideToken } = this.#dialect
    const offered = token === null ? subprotocol : subprotocolBesideToken
    try {
      const listener: TransportListener = {
        onOpen: () => {
          if (!isCurrent()) return
          attempt.isOpen = true
          this.#listener.opened()
        },
        onFrame: (frame) => {
          if (isCurrent()) this.#listener.frame(frame)
        },
        onClose: (code, reason) => {
          attempt.parting?.resolve()
          if (!isCurrent()) return
          this.#current = null
          this.#listener.closed({ code, reason })
        },
      }
      const address = addressWith(this.#endpoint, params)
      attempt.transport = this.#options.transport(address, offered, listener, tokenSubprotocolOf(token))
    } catch (thrown) {
      this.#current = null
      const what = `Connecting to ${publicAddress(this.#endpoint)} failed`
      this.#listener.failed(asRollcallError(thrown, 'disconnected', (why) => `${what}: ${why}`))
    }
  }

  send(frame: Frame): void {
    this.#current?.transport?.send(frame)
  }

  /** Gives it up at once: the other side is taken for dead. */
  drop(): void {
    const attempt = this.#current
    this.#current = null
    attempt?.transport?.abandon()
  }

  /** Ends it in order, within {@link PARTING_TIMEOUT_MS}. */
  part({ code, reason }: CloseInfo): void {
    const attempt = this.#current
    const transport = attempt?.transport
    if (!attempt?.isOpen || !transport) {
      this.drop()
      return
    }
    this.#current = null
    const parting = new Waiter<void>(this.#options.clock, PARTING_TIMEOUT_MS, () => {
      transport.abandon()
      parting.resolve()
    })
    attempt.parting = parting
    this.#partings.add(parting.promise)
    void parting.promise.then(() => this.#partings.delete(parting.promise))
    transport.close(code, reason)
  }

  /** Resolves once every transport that was parted from has ended. */
  async parted(): Promise<void> {
    await Promise.all(this.#partings)
  }
}

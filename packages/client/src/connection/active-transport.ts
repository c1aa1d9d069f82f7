import type { ClientDialect, Frame } from '@rollcall/shared-protocol'
import { PendingResult } from '../async/timer'
import { tokenSubprotocolOf } from '../credentials/credentials'
import type { Credentials } from '../credentials/credentials-state'
import { asRollcallError, RollcallError } from '../errors'
import type { Transport, TransportListener } from '../io/transport'
import type { ResolvedSocketOptions } from '../options'
import { readRefusal, refusalError } from '../refusal'
import type { CloseInfo, ReceivedFrame } from './connection-state'
import { addressWith, type Endpoint, publicAddress } from './endpoint'

/** Longest wait for the server to confirm a close, in milliseconds. After it the connection is dropped. */
const CLOSE_TIMEOUT_MS = 2_000

interface ActiveTransportListener {
  opened(): void
  frame(frame: Frame): void
  closed(close: CloseInfo): void
  /** No transport could be made, for example because the address cannot be used. */
  failed(error: RollcallError): void
}

/** The parts of a dialect that a handshake shows. */
type OfferedDialect = Pick<ClientDialect, 'subprotocol' | 'subprotocolWithToken'>

/** One attempt to connect. */
interface Attempt {
  /** Null until it is made, and if it cannot be made. */
  transport: Transport | null
  isOpen: boolean
  closing: PendingResult<void> | null
}

/**
 * The one transport in use. Ignores what a former transport still reports: the end of an old connection would be taken
 * for the end of the new one. (C-5)
 */
export class ActiveTransport {
  readonly #options: ResolvedSocketOptions
  readonly #endpoint: Endpoint
  readonly #dialect: OfferedDialect
  readonly #listener: ActiveTransportListener
  readonly #closings = new Set<Promise<void>>()
  #current: Attempt | null = null

  constructor(
    options: ResolvedSocketOptions,
    endpoint: Endpoint,
    dialect: OfferedDialect,
    listener: ActiveTransportListener,
  ) {
    this.#options = options
    this.#endpoint = endpoint
    this.#dialect = dialect
    this.#listener = listener
  }

  get isOpen(): boolean {
    return this.#current?.isOpen ?? false
  }

  /** Starts a new connection in place of the current one. Of the listener, only `failed` may be called before this returns. */
  open({ params, token }: Credentials): void {
    const attempt: Attempt = { transport: null, isOpen: false, closing: null }
    this.#current = attempt
    const isCurrent = () => attempt === this.#current
    const { subprotocol, subprotocolWithToken } = this.#dialect
    const offered = token === null ? subprotocol : subprotocolWithToken
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
          attempt.closing?.resolve()
          if (!isCurrent()) return
          this.#current = null
          this.#listener.closed({ code, reason })
        },
      }
      const address = addressWith(this.#endpoint, params)
      attempt.transport = this.#options.transport(address, offered, listener, tokenSubprotocolOf(token))
    } catch (thrown) {
      this.#current = null
      const problem = `Connecting to ${publicAddress(this.#endpoint)} failed`
      this.#listener.failed(asRollcallError(thrown, 'disconnected', (why) => `${problem}: ${why}`))
    }
  }

  send(frame: Frame): void {
    this.#current?.transport?.send(frame)
  }

  /** Drops the connection at once, without telling the server. */
  abandon(): void {
    const attempt = this.#current
    this.#current = null
    attempt?.transport?.abandon()
  }

  /** Closes the connection with a code, and drops it after {@link CLOSE_TIMEOUT_MS}. */
  closeGracefully({ code, reason }: CloseInfo): void {
    const attempt = this.#current
    const transport = attempt?.transport
    if (!attempt?.isOpen || !transport) {
      this.abandon()
      return
    }
    this.#current = null
    const closing = new PendingResult<void>(this.#options.clock, CLOSE_TIMEOUT_MS, () => {
      transport.abandon()
      closing.resolve()
    })
    attempt.closing = closing
    this.#closings.add(closing.promise)
    void closing.promise.then(() => this.#closings.delete(closing.promise))
    transport.close(code, reason)
  }

  /** Resolves when every transport that was asked to close has closed. */
  async whenClosed(): Promise<void> {
    await Promise.all(this.#closings)
  }
}

/** Decodes a frame of the server. Returns a `protocol_fault` if one side did not understand the other. */
export function readServerFrame(dialect: ClientDialect, frame: Frame): ReceivedFrame | RollcallError {
  const decoded = dialect.decodeServer(frame)
  if (!decoded.ok) {
    const { code, message } = decoded.fault
    const problem = 'The client ignored a frame that it does not understand'
    return new RollcallError('protocol_fault', `${problem}: ${message}`, { reason: code })
  }
  const received = decoded.value
  if (received.kind !== 'fault') return received
  const refusal = readRefusal(received.response)
  return refusalError('protocol_fault', 'The server did not understand a frame of this client', refusal)
}

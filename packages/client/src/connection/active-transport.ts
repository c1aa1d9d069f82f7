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

/** Longest wait for the other side to agree to an end; after it the connection is dropped. In milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000

export interface ActiveTransportListener {
  opened(): void
  frame(frame: Frame): void
  closed(close: CloseInfo): void
  /** There is nothing to connect with. */
  failed(error: RollcallError): void
}

/** What of a dialect shows in a handshake. */
export type OfferedDialect = Pick<ClientDialect, 'subprotocol' | 'subprotocolWithToken'>

/** One attempt and what became of it. */
interface Attempt {
  /** Null where there is none to be had. */
  transport: Transport | null
  isOpen: boolean
  parting: PendingResult<void> | null
}

/**
 * The one transport that is in use. What a former one still has to say is not heard, however late it comes: else an
 * old connection's end would be taken for the new one's.
 */
export class ActiveTransport {
  readonly #options: ResolvedSocketOptions
  readonly #endpoint: Endpoint
  readonly #dialect: OfferedDialect
  readonly #listener: ActiveTransportListener
  readonly #closing = new Set<Promise<void>>()
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

  /** Begins anew. What comes of it is told to the listener, and never before this returns. */
  open({ params, token }: Credentials): void {
    const attempt: Attempt = { transport: null, isOpen: false, parting: null }
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
  abandon(): void {
    const attempt = this.#current
    this.#current = null
    attempt?.transport?.abandon()
  }

  /** Ends it in order, within {@link CLOSE_TIMEOUT_MS}. */
  closeGracefully({ code, reason }: CloseInfo): void {
    const attempt = this.#current
    const transport = attempt?.transport
    if (!attempt?.isOpen || !transport) {
      this.abandon()
      return
    }
    this.#current = null
    const parting = new PendingResult<void>(this.#options.clock, CLOSE_TIMEOUT_MS, () => {
      transport.abandon()
      parting.resolve()
    })
    attempt.parting = parting
    this.#closing.add(parting.promise)
    void parting.promise.then(() => this.#closing.delete(parting.promise))
    transport.close(code, reason)
  }

  /** Resolves once every transport that was parted from has ended. */
  async whenClosed(): Promise<void> {
    await Promise.all(this.#closing)
  }
}

/** What the server said; an error `protocol_fault` where we do not understand it, or it did not understand us. */
export function readServerFrame(dialect: ClientDialect, frame: Frame): ReceivedFrame | RollcallError {
  const decoded = dialect.decodeServer(frame)
  if (!decoded.ok) {
    const { code, message } = decoded.fault
    const what = 'A frame of the server was not understood and is passed over'
    return new RollcallError('protocol_fault', `${what}: ${message}`, { reason: code })
  }
  const received = decoded.value
  if (received.kind !== 'fault') return received
  const refusal = readRefusal(received.response)
  return refusalError('protocol_fault', 'The server did not understand a frame of ours', refusal)
}

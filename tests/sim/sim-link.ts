import type { OpenTransport, Transport, TransportListener } from '@rollcall/client'
import type { Packet } from '../../packages/server/src/io/packet'
import type {
  Acceptance,
  HandshakeRefusal,
  HandshakeRequest,
  Wire,
  WireEvents,
} from '../../packages/server/src/io/wire'

/*
 *   client's Transport                                    server's Wire
 *        |  toServer: connect, text, pong, close   ------->   |
 *        |  <-------   toClient: open, text, ping, close      |
 *
 * One connection of a network that moves nothing until it is told to. Within one direction order is kept, as TCP
 * does; between connections and directions any order may come of it.
 */

type Parcel =
  | { readonly kind: 'connect' }
  | { readonly kind: 'open' }
  | { readonly kind: 'text'; readonly text: string; readonly heldBytes: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

/**
 * What a frame counts for that waits for a page which reads nothing, in bytes: one is past the server's soft limit,
 * sixteen are past the hard one.
 */
const HELD_FRAME_BYTES = 70_000

/** Who answers at the other end: a node that is up, or nobody. */
export interface SimHost {
  admit(request: HandshakeRequest): Promise<Acceptance | HandshakeRefusal>
}

export class SimLink implements Transport {
  readonly #request: HandshakeRequest
  readonly #host: () => SimHost | null
  readonly #listener: TransportListener
  readonly #nowMs: () => number
  readonly #toServer: Parcel[] = []
  readonly #toClient: Parcel[] = []
  #servedBy: SimHost | null = null
  #events: WireEvents | null = null
  #isClientDone = false
  #isServerDone = false
  /** Nothing gets through any more, and nobody is told: a cable that was pulled. */
  #isCut = false
  /** The client's end reads nothing, and what is sent to it waits in the server. */
  #isClogged = false
  /** Whether the server wants to know when nothing waits in it any more. */
  #isWatched = false
  /** Since when something waits to be moved, or was lost. */
  #stalledSinceMs: number | null = null

  constructor(
    url: URL,
    subprotocol: string | null,
    host: () => SimHost | null,
    listener: TransportListener,
    nowMs: () => number,
  ) {
    this.#request = {
      path: url.pathname,
      params: new Map(url.searchParams),
      headers: {},
      subprotocols: subprotocol === null ? [] : [subprotocol],
      token: null,
      remoteAddress: '127.0.0.1',
    }
    this.#host = host
    this.#listener = listener
    this.#nowMs = nowMs
    this.#push(this.#toServer, { kind: 'connect' })
  }

  get isOver(): boolean {
    return this.#isClientDone && this.#isServerDone
  }

  /** Whether the two ends can talk now. */
  get isUp(): boolean {
    return this.#events !== null && !this.#isCut && !this.#isClientDone && !this.#isServerDone
  }

  /** The process at the server's end, once the client has reached one. */
  get servedBy(): SimHost | null {
    return this.#servedBy
  }

  get stalledSinceMs(): number | null {
    return this.#stalledSinceMs
  }

  get waiting(): { readonly toServer: number; readonly toClient: number } {
    return { toServer: this.#toServer.length, toClient: this.#isClogged ? 0 : this.#toClient.length }
  }

  // --- the client's end ------------------------------------------------------------------------------------------

  send(frame: string): void {
    this.#push(this.#toServer, { kind: 'text', text: frame, heldBytes: 0 })
  }

  close(code: number, reason: string): void {
    this.#push(this.#toServer, { kind: 'close', code, reason })
  }

  abandon(): void {
    if (this.#isClientDone) return
    this.#isClientDone = true
    this.#toClient.length = 0
    this.#push(this.#toServer, { kind: 'close', code: 1006, reason: '' })
  }

  /** The page is unloaded: its client says so with its close code, and nothing of it runs any more. */
  leavePage(): void {
    if (this.#isClientDone) return
    this.#isClientDone = true
    this.#toClient.length = 0
    this.#push(this.#toServer, { kind: 'close', code: 4006, reason: 'unloaded' })
  }

  // --- the network -----------------------------------------------------------------------------------------------

  /** The connection breaks, and both ends hear of it, after what is on the way. */
  drop(): void {
    this.#push(this.#toServer, { kind: 'close', code: 1006, reason: '' })
    this.#push(this.#toClient, { kind: 'close', code: 1006, reason: '' })
  }

  /** The connection breaks, and neither end hears of it. */
  cut(): void {
    this.#isCut = true
    this.#stalledSinceMs ??= this.#nowMs()
    this.#toServer.length = 0
    this.#toClient.length = 0
  }

  /** The client's end stops to read: a phone in a tunnel. */
  clog(): void {
    this.#isClogged = true
  }

  /** It reads again, as fast as the schedule moves what waits. */
  readOn(): void {
    this.#isClogged = false
  }

  /** The newest frame to the client comes twice, as after a buggy proxy. */
  duplicateToClient(): void {
    const newest = this.#toClient.at(-1)
    if (newest?.kind === 'text') this.#toClient.push({ ...newest, heldBytes: 0 })
  }

  /** The process at the server's end is gone without a word. */
  serverDied(): void {
    this.#isServerDone = true
    this.#events = null
    this.#toServer.length = 0
    this.#push(this.#toClient, { kind: 'close', code: 1006, reason: '' })
  }

  /** The server's end has waited long enough for the client to answer a close. */
  closeTimedOut(): void {
    this.#serverClosed(1006, '')
  }

  /** Moves one parcel. False where there was none. */
  moveToServer(): boolean {
    const parcel = this.#toServer.shift()
    this.#noteMoved()
    if (!parcel) return false
    if (!this.#isServerDone) this.#arriveAtServer(parcel)
    return true
  }

  moveToClient(): boolean {
    if (this.#isClogged) return false
    const parcel = this.#toClient.shift()
    this.#noteMoved()
    if (!parcel) return false
    if (!this.#isClientDone) this.#arriveAtClient(parcel)
    this.#noteDrained()
    return true
  }

  get #heldBytes(): number {
    return this.#toClient.reduce((sum, parcel) => sum + (parcel.kind === 'text' ? parcel.heldBytes : 0), 0)
  }

  #noteDrained(): void {
    if (!this.#isWatched || this.#heldBytes > 0) return
    this.#isWatched = false
    this.#events?.onDrain()
  }

  #push(queue: Parcel[], parcel: Parcel): void {
    if (this.#isCut || (queue === this.#toServer ? this.#isServerDone : this.#isClientDone)) return
    queue.push(parcel)
    this.#stalledSinceMs ??= this.#nowMs()
  }

  #noteMoved(): void {
    if (!this.#isCut && this.#toServer.length === 0 && this.#toClient.length === 0)
      this.#stalledSinceMs = null
  }

  #arriveAtServer(parcel: Parcel): void {
    switch (parcel.kind) {
      case 'connect':
        void this.#shakeHands()
        return
      case 'text': {
        const data = Buffer.from(parcel.text)
        this.#events?.onMessage(data, false, data.length)
        return
      }
      case 'pong':
        this.#events?.onPong()
        return
      case 'close':
        // The closing handshake: the server's end answers, and is over.
        this.#push(this.#toClient, parcel)
        this.#serverClosed(parcel.code, parcel.reason)
        return
      default:
    }
  }

  #arriveAtClient(parcel: Parcel): void {
    switch (parcel.kind) {
      case 'open':
        this.#listener.onOpen()
        return
      case 'text':
        this.#listener.onFrame(parcel.text)
        return
      case 'ping':
        this.#push(this.#toServer, { kind: 'pong' })
        return
      case 'close':
        this.#isClientDone = true
        this.#listener.onClose(parcel.code, parcel.reason)
        this.#push(this.#toServer, { kind: 'close', code: parcel.code, reason: parcel.reason })
        return
      default:
    }
  }

  async #shakeHands(): Promise<void> {
    const host = this.#host()
    if (!host) return this.#refuse()
    this.#servedBy = host
    const answer = await host.admit(this.#request)
    // The process may have died meanwhile.
    if (this.#isServerDone) return
    if ('status' in answer) return this.#refuse()
    const heldBytes = () => this.#heldBytes
    let sentBytes = 0
    const wire: Wire = {
      // What is held is let go all at once.
      get sentBytes() {
        return heldBytes() === 0 ? ++sentBytes : sentBytes
      },
      get bufferedBytes() {
        return heldBytes()
      },
      send: (packets) => this.#sendToClient(packets),
      watchDrain: () => {
        this.#isWatched = true
      },
      ping: () => this.#push(this.#toClient, { kind: 'ping' }),
      close: (code, reason) => this.#push(this.#toClient, { kind: 'close', code, reason }),
      terminate: () => {
        this.#push(this.#toClient, { kind: 'close', code: 1006, reason: '' })
        this.#serverClosed(1006, '')
      },
    }
    this.#push(this.#toClient, { kind: 'open' })
    this.#events = answer.open(wire)
  }

  #sendToClient(packets: readonly Packet[]): number {
    const heldBytes = this.#isClogged ? HELD_FRAME_BYTES : 0
    let owedBytes = 0
    for (const { frames, isState } of packets) {
      for (const frame of frames) {
        this.#push(this.#toClient, { kind: 'text', text: frame as string, heldBytes })
        if (!isState) owedBytes += heldBytes
      }
    }
    return owedBytes
  }

  #refuse(): void {
    this.#isServerDone = true
    this.#push(this.#toClient, { kind: 'close', code: 1006, reason: '' })
  }

  #serverClosed(code: number, reason: string): void {
    if (this.#isServerDone) return
    this.#isServerDone = true
    this.#toServer.length = 0
    const events = this.#events
    this.#events = null
    events?.onClose(code, reason)
  }
}

/** What a client opens its connections with. */
export function openThrough(
  links: SimLink[],
  host: () => SimHost | null,
  nowMs: () => number,
): OpenTransport {
  return (url, subprotocol, listener) => {
    const link = new SimLink(new URL(url), subprotocol, host, listener, nowMs)
    links.push(link)
    return link
  }
}

import { type Dial, dial, dialTcp, open, type RawPeer, type Refusal } from '../support/raw-peer'
import { type Claims, handMadeToken, nowSeconds } from './jwt'
import type { Scale } from './scale'
import { Stranger } from './stranger'

/*
 * Where an attack takes place: a server in production, with tokens, and honest people in its rooms.
 */

export interface ArenaOptions {
  readonly port: number
  /** The secret of the tokens. It is the login server's that strangers' tokens are from, too. */
  readonly secret: string
  readonly scale: Scale
  /** Rooms where the honest are. */
  readonly rooms: readonly string[]
  /** Tells the addresses of one attack from those of the others. */
  readonly network: number
  /** Bytes of memory that the server holds, after a collection. */
  readonly heldBytes: () => Promise<number>
}

/** Elsewhere, only 127.0.0.1 is there by itself. */
const HAS_MANY_ADDRESSES = process.platform === 'linux'

export class Arena {
  readonly port: number
  readonly scale: Scale
  readonly secret: string
  readonly rooms: readonly string[]
  readonly heldBytes: () => Promise<number>
  readonly #network: number
  #addresses = 0
  readonly #endings: (() => void)[] = []

  constructor({ port, secret, scale, rooms, network, heldBytes }: ArenaOptions) {
    this.heldBytes = heldBytes
    this.port = port
    this.secret = secret
    this.scale = scale
    this.rooms = rooms
    this.#network = network
  }

  /** The room where the honest are that is attacked. */
  get room(): string {
    return this.rooms[0] ?? 'room:0'
  }

  /** An address that nobody has connected from yet. */
  newAddress(): string {
    const n = ++this.#addresses
    return HAS_MANY_ADDRESSES
      ? `127.${10 + this.#network}.${Math.floor(n / 250)}.${1 + (n % 250)}`
      : '127.0.0.1'
  }

  /** A token that is good: strangers may have accounts. */
  token(sub = 'mallory', more: Claims = {}): string {
    return handMadeToken({ sub, exp: nowSeconds() + 3600, ...more }, this.secret)
  }

  /** A handshake; from an address of its own, unless said otherwise. */
  async dial(request: Partial<Dial>): Promise<RawPeer | Refusal> {
    const peer = await dial({ port: this.port, localAddress: this.newAddress(), ...request })
    if ('socket' in peer) this.ends(() => peer.destroy())
    return peer
  }

  /** A handshake that is taken. */
  async open(request: Partial<Dial>): Promise<RawPeer> {
    const peer = await open({ port: this.port, localAddress: this.newAddress(), ...request })
    this.ends(() => peer.destroy())
    return peer
  }

  /** Somebody with an account, over the native dialect. */
  async stranger(sub = 'mallory', request: Partial<Dial> = {}): Promise<Stranger> {
    const peer = await this.open({ subprotocol: 'rollcall.v1', token: this.token(sub), ...request })
    return new Stranger(peer)
  }

  /** A TCP connection that has said nothing; null where there was none to be had. */
  async tcp(localAddress: string) {
    const socket = await dialTcp({ port: this.port, localAddress }).catch(() => null)
    if (socket) this.ends(() => socket.destroy())
    return socket
  }

  /** Has something done once the attack is over. */
  ends(ending: () => void): void {
    this.#endings.push(ending)
  }

  /** Ends whatever the attack has left. */
  clear(): void {
    for (const ending of this.#endings.splice(0)) ending()
  }
}

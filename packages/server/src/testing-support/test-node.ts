import { type Frame, SUBPROTOCOL } from '@rollcall/shared-protocol'
import type { Mode } from '../io/mode'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import { PresenceNode } from '../node'
import type { ServerOptions } from '../options'
import { resolveServerOptions } from '../resolve-options'
import { MemoryWire } from './memory-wire'
import { PolledWire } from './polled-wire'
import { RecordingLog } from './recording-log'
import { SeededRandom } from './seeded-random'
import { VirtualClock } from './virtual-clock'

export interface TestNodeOptions extends Omit<ServerOptions, 'clock' | 'random' | 'logger' | 'mode'> {
  readonly mode?: Mode
  /** Share it with other nodes. */
  readonly clock?: VirtualClock
  readonly seed?: number
}

/** A native client's handshake with `changes`. */
export function handshake(changes: Partial<HandshakeRequest> = {}): HandshakeRequest {
  return {
    path: '/socket',
    params: new Map(),
    headers: {},
    subprotocols: [SUBPROTOCOL],
    token: null,
    remoteAddress: '127.0.0.1',
    ...changes,
  }
}

/** A whole server without sockets, in virtual time. */
export class TestNode {
  readonly clock: VirtualClock
  readonly log = new RecordingLog()
  readonly node: PresenceNode

  constructor({ mode = 'development', clock, seed = 1, ...options }: TestNodeOptions = {}) {
    this.clock = clock ?? new VirtualClock()
    const resolved = resolveServerOptions({
      ...options,
      clock: this.clock,
      random: new SeededRandom(seed),
      logger: this.log,
    })
    this.node = new PresenceNode(resolved, () => mode)
    this.node.start()
  }

  get registry() {
    return this.node.registry
  }

  /** The refusal of a handshake. */
  async refusal(changes: Partial<HandshakeRequest>): Promise<HandshakeRefusal> {
    const answer = await this.node.admit(handshake(changes))
    if (!('status' in answer)) throw new Error('The handshake was not refused.')
    return answer
  }

  /** A connection; a native one without `changes`. */
  async connect(changes: Partial<HandshakeRequest> = {}): Promise<Peer> {
    const answer = await this.node.admit(handshake(changes))
    if ('status' in answer) throw new Error(`The handshake was refused: ${answer.message}`)
    const wire = new MemoryWire(this.clock)
    wire.open(answer.open(wire))
    return new Peer(this, wire)
  }

  /** A connection over long polls. */
  async poll(changes: Partial<HandshakeRequest>): Promise<Peer<PolledWire>> {
    const answer = await this.node.admit(handshake(changes), 'longpoll')
    if ('status' in answer) throw new Error(`The handshake was refused: ${answer.message}`)
    const wire = new PolledWire(this.clock)
    wire.open((inner) => answer.open(inner))
    return new Peer(this, wire)
  }

  native(userId: string): Promise<Peer> {
    return this.connect({ params: new Map([['user_id', userId]]) })
  }

  zzz(userId: string): Promise<Peer> {
    return this.connect({ subprotocols: [], params: new Map([['user_id', userId]]) })
  }

  vix(topic?: string): Promise<Peer> {
    const params = new Map(topic === undefined ? [] : [['topic', topic]])
    return this.connect({ path: '/', subprotocols: [], params })
  }
}

/** The client's end of a connection, in any dialect. */
export class Peer<W extends Pick<MemoryWire, 'receive' | 'writes'> = MemoryWire> {
  readonly wire: W
  readonly #node: TestNode
  #read = 0

  constructor(node: TestNode, wire: W) {
    this.#node = node
    this.wire = wire
  }

  /** Sends frames without giving the server time to do more than receive them. */
  say(...frames: readonly unknown[]): void {
    for (const frame of frames) this.wire.receive(JSON.stringify(frame))
  }

  /** The frames since the last look, parsed, once the server has nothing left to do now. */
  // biome-ignore lint/suspicious/noExplicitAny: frames of any dialect; the tests say what they must be.
  async heard(): Promise<any[]> {
    await this.#node.clock.settle()
    const all = this.wire.writes.flat()
    const fresh = all.slice(this.#read)
    this.#read = all.length
    return fresh.map((frame: Frame) => JSON.parse(frame as string))
  }

  /** Sends one frame and returns the frames that follow. */
  async ask(frame: unknown) {
    this.say(frame)
    return this.heard()
  }

  /** Joins natively, with `j` as join_ref and ref, and returns the frames that follow. */
  join(topic: string, payload: object = {}, ref = 'j') {
    return this.ask([ref, ref, topic, 'phx_join', payload])
  }
}

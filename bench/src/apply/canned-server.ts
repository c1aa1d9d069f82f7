import type { OpenTransport } from '@rollcall/client'
import { digestOfOne, type JsonObject } from '@rollcall/shared-protocol'

type Message = readonly [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: JsonObject,
]

/** A prime, which shares no factor with a count of members. */
const SPREAD = 7_919

/** What a presence of the bench looks like. */
const presence = (index: number, rev = 0) => ({
  ref: `n1-${index.toString(36)}`,
  key: `m${index}`,
  meta: { name: `Member m${index}`, status: rev % 2 === 0 ? 'online' : 'away' },
  rev,
})

const digestOf = ({ ref, rev }: ReturnType<typeof presence>) => digestOfOne(ref, rev)

/** A topic of so many, told in frames that are made before they are wanted: what is measured is the client alone. */
export class CannedServer {
  readonly #topic: string
  readonly #count: number
  #seq = 1
  #digest = 0
  #deliver: (frame: string) => void = () => {}

  constructor(topic: string, count: number) {
    this.#topic = topic
    this.#count = count
  }

  /** Give this to a socket as its `transport`. */
  readonly transport: OpenTransport = (_url, _subprotocol, listener) => {
    this.#deliver = (frame) => listener.onFrame(frame)
    queueMicrotask(() => listener.onOpen())
    return {
      send: (frame) => queueMicrotask(() => this.#answer(String(frame))),
      close: () => {},
      abandon: () => {},
    }
  }

  deliver(frame: string): void {
    this.#deliver(frame)
  }

  /** The whole state. */
  state(): string {
    const presences = Array.from({ length: this.#count }, (_none, index) => presence(index))
    this.#digest = presences.reduce((sum, one) => (sum + digestOf(one)) >>> 0, 0)
    return this.#frame('presence_state', { epoch: 'n1-0', seq: this.#seq, digest: this.#digest, presences })
  }

  /** Diffs of one change each: somebody comes, somebody changes, and the one who came goes. */
  diffs(rounds: number): string[] {
    const frames: string[] = []
    for (let round = 0; round < rounds; round++) {
      // Each of those who change does so once, and they are spread over the map.
      if (round >= this.#count) throw new Error('There are fewer members than rounds.')
      const comer = presence(this.#count + round)
      const before = presence((round * SPREAD) % this.#count)
      const after = presence((round * SPREAD) % this.#count, 1)
      frames.push(this.#diff({ joins: [comer] }, digestOf(comer)))
      frames.push(this.#diff({ updates: [after] }, digestOf(after) - digestOf(before)))
      frames.push(
        this.#diff({ leaves: [{ ref: comer.ref, key: comer.key, reason: 'left' }] }, -digestOf(comer)),
      )
    }
    return frames
  }

  #diff(changes: JsonObject, digestChange: number): string {
    const base = this.#seq
    this.#seq += 1
    this.#digest = (this.#digest + digestChange) >>> 0
    const place = { epoch: 'n1-0', base, seq: this.#seq, digest: this.#digest }
    return this.#frame('presence_diff', { ...place, joins: [], updates: [], leaves: [], ...changes })
  }

  #frame(event: string, payload: JsonObject): string {
    return JSON.stringify([null, null, this.#topic, event, payload] satisfies Message)
  }

  #answer(frame: string): void {
    const [joinRef, ref, topic, event]: Message = JSON.parse(frame)
    if (event === 'presence_sync') throw new Error('The client has found a gap in what it was told.')
    const response = event === 'hello' ? { session: 's', token: 's.t', identity: { id: 'me' }, wire: 1 } : {}
    this.#deliver(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'ok', response }]))
  }
}

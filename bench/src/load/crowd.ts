import type { Meta, Speech } from '../subjects/speech'
import { Client, type OnText } from './client'
import { pass } from './pace'
import { PayloadReader } from './payload-reader'

/** Handshakes under way at a time: less than what a server's backlog holds. */
const CONNECTING_AT_ONCE = 100

/** Of how many clients one keeps a real map. */
const ONE_IN = 100
const LEAST_MIRRORS = 3

export const TOPIC = 'room:bench'

/** What applications say of a member: with its key and what is around them, some 120 bytes. */
export const metaOf = (key: string): Meta => ({
  name: `Member ${key}`,
  status: 'online',
  device: 'desktop',
  online_at: '2026-11-21T09:00:00Z',
})

/** All clients of one run, and what they hold. */
export class Crowd {
  readonly port: number
  readonly pid: number
  /** Of those who come from now on. */
  speech: Speech
  readonly clients = new Set<Client>()
  /** Takes what comes; {@link keepCount} unless a scenario has something cheaper. */
  onText: OnText
  /** What to do when a server closes on a client; to fail unless a scenario expects it. */
  onLost = (_client: Client, reason: string): void => this.fail(new Error(`A client was cut off: ${reason}`))
  /** Told at once of the keys that a mirror has learned of. Without it, mirrors wait for {@link readMirrors}. */
  onSeen: ((client: Client, keys: readonly string[]) => void) | undefined
  readonly #reader: PayloadReader
  #made = 0
  #wanted = -1
  #holding = 0
  #onAllHold = () => {}
  #failure: Error | undefined
  #onFailure: (error: Error) => void = () => {}

  constructor(port: number, pid: number, speech: Speech) {
    this.port = port
    this.pid = pid
    this.speech = speech
    this.#reader = new PayloadReader(speech)
    this.onText = this.keepCount
  }

  /** Every task runs in this: it ends when something goes wrong that nobody waits for. */
  async run<T>(task: Promise<T>): Promise<T> {
    const failed = new Promise<never>((_resolve, reject) => {
      if (this.#failure) reject(this.#failure)
      this.#onFailure = reject
    })
    return Promise.race([task, failed])
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#onFailure(error)
  }

  /** Lets a task fail with what it does not wait for. */
  follow(work: Promise<unknown>): void {
    work.catch((error: Error) => this.fail(error))
  }

  /** More connections, which have joined nothing yet. */
  async connect(
    count: number,
    mirrors = Math.max(LEAST_MIRRORS, Math.floor(count / ONE_IN)),
  ): Promise<Client[]> {
    const opened: Client[] = []
    let left = count
    const work = async () => {
      while (left-- > 0) opened.push(await this.open(this.newKey()))
    }
    await Promise.all(Array.from({ length: Math.min(count, CONNECTING_AT_ONCE) }, work))
    for (const client of opened.slice(0, mirrors)) client.mirror = this.speech.mirror()
    return opened
  }

  newKey(): string {
    return `m${this.#made++}`
  }

  async open(key: string, speech = this.speech): Promise<Client> {
    const client = await Client.open({
      port: this.port,
      key,
      speech,
      guess: this.#reader.guess,
      onText: (from, payload, isCompressed) => this.onText(from, payload, isCompressed),
      onLost: (lost, reason) => {
        this.remove(lost)
        this.onLost(lost, reason)
      },
    })
    this.clients.add(client)
    return client
  }

  /** Closed or destroyed by a scenario: it counts no more. */
  remove(client: Client): void {
    if (this.clients.delete(client) && client.members === this.#wanted) this.#holding -= 1
  }

  join(client: Client, topic = TOPIC): void {
    const text = client.speech.join(topic, client.key, metaOf(client.key))
    if (text !== undefined) client.say(text)
  }

  /** Resolves when every client counts this many members. */
  allHold(members: number): Promise<void> {
    this.#wanted = members
    this.#holding = [...this.clients].filter((client) => client.members === members).length
    return new Promise((resolve) => {
      this.#onAllHold = resolve
      this.#tellWhenAllHold()
    })
  }

  /** Shows the mirrors what has come. They throw where the server broke its word. */
  readMirrors(): void {
    for (const { mirror, unread } of this.clients) for (const text of unread.splice(0)) mirror?.take(text)
  }

  /** Throws where a real map is another than the cheap counts say, or holds others than these. */
  verify(keys: Iterable<string>): void {
    this.readMirrors()
    const expected = [...keys].sort().join()
    for (const client of this.clients) {
      if (client.mirror && [...client.mirror.keys()].sort().join() !== expected) {
        throw new Error(`The map of ${client.key} is wrong, though it counted ${client.members} members.`)
      }
    }
  }

  /** The keys of all clients. */
  *keys(): Iterable<string> {
    for (const { key } of this.clients) yield key
  }

  /** Resolves once nothing has come for this long. */
  async quiet(ms: number): Promise<void> {
    const total = () => [...this.clients].reduce((sum, { frames }) => sum + frames, 0)
    for (let before = -1, now = total(); before !== now; now = total()) {
      before = now
      await pass(ms)
    }
  }

  readonly keepCount: OnText = (client, payload, isCompressed) => {
    const { greeting, keepAlive } = client.speech
    if (keepAlive && payload.length === keepAlive.ping.length && payload.toString() === keepAlive.ping) {
      return client.say(keepAlive.pong)
    }
    const reading = this.#reader.read(payload, isCompressed)
    const { count } = reading
    if (greeting && !count && client.greetingAnswer === '' && greeting.isAnswer(payload)) {
      client.greeted(payload.toString())
    }
    if (count) this.#count(client, count.isWhole ? count.change : client.members + count.change)
    if (!client.mirror) return
    if (this.onSeen) this.onSeen(client, client.mirror.take(reading.text))
    else client.unread.push(reading.text)
  }

  #count(client: Client, members: number): void {
    const held = client.members
    client.members = members
    if (held === members) return
    if (held === this.#wanted) this.#holding -= 1
    if (members === this.#wanted) {
      this.#holding += 1
      this.#tellWhenAllHold()
    }
  }

  #tellWhenAllHold(): void {
    if (this.#holding === this.clients.size) this.#onAllHold()
  }
}

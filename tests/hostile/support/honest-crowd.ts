import { type Channel, type PresenceEntry, Socket } from '@rollcall/client'
import { soon } from './soon'

/*
 * People who use the server as it is meant, beside those who do not: they are in a few rooms, change their metas all the
 * time, watch each other, and complain of whatever should not have been.
 */

export interface CrowdOptions {
  readonly port: number
  readonly people: number
  readonly rooms: readonly string[]
  /** For the handshake of this person. Without it they say their name, as development takes it. */
  readonly tokenOf?: (name: string) => Promise<string>
}

interface HonestMeta {
  /** How many changes of this person there have been. */
  readonly n: number
  /** When it was made, by this process's `performance.now()`. */
  readonly atMs: number
}

export type HonestMetas = Record<string, unknown> & HonestMeta

interface Person {
  readonly name: string
  readonly room: string
  readonly socket: Socket
  readonly channel: Channel<HonestMetas>
  /** Changes so far. */
  n: number
}

const PREFIX = 'honest-'
const PATIENCE_MS = 15_000
/** Kept of one kind: the others would say the same. */
const MAX_VIOLATIONS = 50

export class HonestCrowd {
  /** What was told and had not happened, what had happened and was not told, and refused updates. */
  readonly violations: string[] = []
  /** Connections that ended without having been asked to. */
  lostConnections = 0
  readonly #people: Person[] = []
  readonly #names = new Set<string>()
  #latenciesMs: number[] = []
  #isComplete = false
  #isLeaving = false
  #beat: ReturnType<typeof setInterval> | null = null

  /** Everybody in, and showing each other. */
  static async enter({ port, people, rooms, tokenOf }: CrowdOptions): Promise<HonestCrowd> {
    const crowd = new HonestCrowd()
    for (let i = 0; i < people; i++) {
      const name = `${PREFIX}${i}`
      const credentials = tokenOf ? { authToken: () => tokenOf(name) } : { params: { user_id: name } }
      const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
        ...credentials,
        backoff: { baseMs: 50, capMs: 500 },
      })
      const room = rooms[i % rooms.length] as string
      const channel = socket.channel<HonestMetas>(room, { meta: { n: 0, atMs: performance.now() } })
      crowd.#watch({ name, room, socket, channel, n: 0 })
      socket.connect()
    }
    await Promise.all(crowd.#people.map(({ channel }) => channel.join()))
    await soon(
      () => crowd.missing.length === 0,
      PATIENCE_MS,
      () => `the crowd to be complete: ${crowd.missing[0]}`,
    )
    crowd.#isComplete = true
    return crowd
  }

  get size(): number {
    return this.#people.length
  }

  /** Each person changes, over and over. */
  start(everyMs: number): void {
    let next = 0
    // Spread over the time: at once they would be a load of their own.
    this.#beat = setInterval(() => {
      const person = this.#people[next++ % this.#people.length]
      if (person) this.#change(person)
    }, everyMs / this.#people.length)
  }

  stop(): void {
    if (this.#beat !== null) clearInterval(this.#beat)
    this.#beat = null
  }

  /** Everybody changes once, and everybody in the room sees it. Throws where that does not come about. */
  async pulse(): Promise<void> {
    for (const person of this.#people) this.#change(person)
    await soon(
      () => this.missing.length === 0,
      PATIENCE_MS,
      () => `everybody's change to be seen: ${this.missing[0]}`,
    )
  }

  /** How long changes took to be seen, in milliseconds, since this was asked last. */
  takeLatencies(): readonly number[] {
    const latenciesMs = this.#latenciesMs
    this.#latenciesMs = []
    return latenciesMs
  }

  /** What somebody's map lacks of what the others are. */
  get missing(): readonly string[] {
    return this.#people.flatMap((viewer) =>
      this.#people
        .filter(({ room }) => room === viewer.room)
        .filter(
          ({ name, n }) => !viewer.channel.presence.get(name)?.presences.some(({ meta }) => meta.n === n),
        )
        .map(({ name, n }) => `${viewer.name} has not seen change ${n} of ${name}`),
    )
  }

  /** Whom somebody still sees and who is none of the crowd. */
  get strangers(): readonly string[] {
    return this.#people.flatMap(({ channel }) =>
      [...channel.presence]
        .filter(([key, entry]) => !this.#names.has(key) || entry.presences.length !== 1)
        .map(([key]) => key),
    )
  }

  /** Throws unless, soon, everybody's map is the crowd and nobody else. */
  async alone(withinMs: number): Promise<void> {
    await soon(
      () => this.strangers.length === 0 && this.missing.length === 0,
      withinMs,
      () => `the honest to be alone: ${JSON.stringify([...this.strangers, ...this.missing].slice(0, 5))}`,
    )
  }

  async leave(): Promise<void> {
    this.#isLeaving = true
    this.stop()
    await Promise.all(this.#people.map(({ socket }) => socket.disconnect()))
  }

  #change(person: Person): void {
    person.n++
    const meta: HonestMetas = { n: person.n, atMs: performance.now() }
    person.channel.presence.update(meta).catch((error: unknown) => {
      if (!this.#isLeaving) this.#report(`${person.name}'s update was not taken: ${String(error)}`)
    })
  }

  #watch(person: Person): void {
    this.#people.push(person)
    this.#names.add(person.name)
    const { name, socket, channel } = person
    const { presence } = channel
    socket.on('close', ({ code, reason }) => {
      if (this.#isLeaving) return
      this.lostConnections++
      this.#report(`${name} lost the connection: ${code} ${reason}`)
    })
    socket.on('fault', (error) => this.#report(`${name} was told of a fault: ${error.message}`))
    const roster = new Set<string>()
    const report = (what: string, entry: PresenceEntry<HonestMetas>) =>
      this.#report(`${name} was told that ${JSON.stringify(entry.key)} ${what}`)
    presence.on('join', (entry) => {
      if (roster.has(entry.key)) report('joined, who was there', entry)
      if (this.#isComplete && this.#names.has(entry.key)) report('joined', entry)
      roster.add(entry.key)
    })
    presence.on('leave', (entry, reason) => {
      if (this.#isLeaving) return
      if (!roster.delete(entry.key)) report('left, who was not there', entry)
      if (this.#names.has(entry.key)) report(`left (${reason})`, entry)
    })
    presence.on('presence_update', ({ key, meta }) => {
      if (!this.#names.has(key) || key === name || typeof meta.atMs !== 'number') return
      if (this.#isComplete) this.#latenciesMs.push(performance.now() - meta.atMs)
    })
  }

  #report(what: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(what)
  }
}

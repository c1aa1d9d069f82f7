import { readCpuSeconds } from '../measure/cpu'
import { median, percentile } from '../measure/percentile'
import type { Client, OnText } from './client'
import { textFrame } from './client-frame'
import { type Crowd, TOPIC } from './crowd'
import { pass } from './pace'

export interface FanoutTask {
  readonly inFlight: number
  readonly warmUpMs: number
  readonly measuredMs: number
}

export interface FanoutFigures {
  readonly cpuUsPerDelivery: number
  readonly deliveriesPerSecond: number
  readonly lastP50Ms: number
  readonly lastP99Ms: number
  readonly medianP50Ms: number
  readonly medianP99Ms: number
}

const BODY_BYTES = 64
/** Comes before the publisher's number, and nowhere else in the first bytes of a message. */
const MARK = '#'.charCodeAt(0)

/** Pings and the like are shorter than any message with a body. */
const isMessage = (payload: Buffer) => payload.length >= BODY_BYTES

/**
 * Publishers that each send their next message when everybody has the last one. A server sends messages to all in the
 * order in which they came to it, so the n-th frame of a client is the n-th message.
 */
export async function fanout(crowd: Crowd, task: FanoutTask): Promise<FanoutFigures> {
  const publishers = [...crowd.clients].slice(0, task.inFlight)
  const frames = publishers.map((_publisher, index) =>
    textFrame(crowd.speech.publish(TOPIC, `#${index}${'x'.repeat(BODY_BYTES - 2)}`)),
  )
  const run = new Run(crowd, publishers, frames)
  crowd.onText = run.onText
  run.begin()
  await pass(task.warmUpMs)

  run.forget()
  const cpu = readCpuSeconds(crowd.pid)
  const startedMs = performance.now()
  await pass(task.measuredMs)
  const cpuSeconds = readCpuSeconds(crowd.pid) - cpu
  const seconds = (performance.now() - startedMs) / 1000
  const { deliveries, lastMs, medianMs } = run
  await run.end()
  return {
    cpuUsPerDelivery: (cpuSeconds * 1e6) / deliveries,
    deliveriesPerSecond: deliveries / seconds,
    lastP50Ms: median(lastMs),
    lastP99Ms: percentile(lastMs, 0.99),
    medianP50Ms: median(medianMs),
    medianP99Ms: percentile(medianMs, 0.99),
  }
}

class Run {
  deliveries = 0
  lastMs: number[] = []
  medianMs: number[] = []
  readonly #publishers: readonly Client[]
  readonly #frames: readonly Buffer[]
  readonly #receivers: number
  /** When each publisher's message under way was sent. */
  readonly #sentMs: number[]
  /** How many clients have had the n-th message, `#first` being the n of the first. */
  readonly #arrivals: number[] = []
  #first = 0
  #inFlight = 0
  #isEnding = false
  #onEnd = () => {}

  constructor(crowd: Crowd, publishers: readonly Client[], frames: readonly Buffer[]) {
    this.#publishers = publishers
    this.#frames = frames
    this.#sentMs = publishers.map(() => 0)
    this.#receivers = crowd.clients.size
    for (const client of crowd.clients) client.mark = 0
  }

  begin(): void {
    for (let index = 0; index < this.#publishers.length; index++) this.#send(index)
  }

  forget(): void {
    this.deliveries = 0
    this.lastMs = []
    this.medianMs = []
  }

  /** Lets what is under way arrive. */
  end(): Promise<void> {
    this.#isEnding = true
    return new Promise((resolve) => {
      this.#onEnd = resolve
    })
  }

  readonly onText: OnText = (client, payload) => {
    if (!isMessage(payload)) return this.#answerPing(client, payload)
    const at = client.mark++ - this.#first
    const arrived = (this.#arrivals[at] ?? 0) + 1
    this.#arrivals[at] = arrived
    this.deliveries += 1
    if (arrived === this.#receivers) this.#arrivedAtAll(payload)
    else if (arrived === this.#receivers >> 1) this.medianMs.push(this.#ageOf(publisherOf(payload)))
  }

  #answerPing(client: Client, payload: Buffer): void {
    const { keepAlive } = client.speech
    if (keepAlive && payload.toString() === keepAlive.ping) client.say(keepAlive.pong)
  }

  #arrivedAtAll(payload: Buffer): void {
    this.#arrivals.shift()
    this.#first += 1
    this.#inFlight -= 1
    const publisher = publisherOf(payload)
    this.lastMs.push(this.#ageOf(publisher))
    if (!this.#isEnding) this.#send(publisher)
    else if (this.#inFlight === 0) this.#onEnd()
  }

  #ageOf(publisher: number): number {
    return performance.now() - (this.#sentMs[publisher] as number)
  }

  #send(publisher: number): void {
    this.#inFlight += 1
    this.#sentMs[publisher] = performance.now()
    this.#publishers[publisher]?.write(this.#frames[publisher] as Buffer)
  }
}

const publisherOf = (payload: Buffer): number =>
  (payload[payload.indexOf(MARK) + 1] as number) - '0'.charCodeAt(0)

import { readCpuSeconds } from '../measure/cpu'
import { type Position, RollcallMirror } from '../subjects/rollcall/mirror'
import { resumingSpeech } from '../subjects/rollcall/speech'
import type { Mirror } from '../subjects/speech'
import type { Crowd } from './crowd'

export interface ResumeFigures {
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly bytesMean: number
  readonly bytesMax: number
  /** How many were sent the whole state after all. */
  readonly snapshots: number
}

/** What a client keeps while it is away. */
interface Absent {
  readonly key: string
  readonly token: string
  readonly members: number
  readonly mirror: Mirror | undefined
}

/** Just below the backlog of a server. */
const AT_ONCE = 500

const STATE = Buffer.from('"presence_state"')
const DIFF = Buffer.from('"presence_diff"')

/** Clients of Rollcall between two connections of theirs. */
export class Absence {
  #absent: Absent[] = []
  #position: Position | undefined

  /** All connections break at once. */
  async begin(crowd: Crowd): Promise<void> {
    for (const client of [...crowd.clients]) {
      const { key, members, mirror, greetingAnswer } = client
      // The topic is at rest, and all of them are where those with a real map are.
      if (mirror instanceof RollcallMirror) this.#position = mirror.position
      this.#absent.push({ key, members, mirror, token: JSON.parse(greetingAnswer)[4].response.token })
      crowd.remove(client)
      client.destroy()
    }
  }

  /** All come back at once, with their tokens and the position of their maps. Done when all maps are up to date. */
  async end(crowd: Crowd): Promise<ResumeFigures> {
    const count = this.#absent.length
    const missing = new Set(this.#absent.map(({ key }) => key))
    let snapshots = 0
    let onAllBack = () => {}
    const allBack = new Promise<void>((resolve) => {
      onAllBack = resolve
    })
    crowd.onText = (client, payload, isCompressed) => {
      crowd.keepCount(client, payload, isCompressed)
      const isState = payload.includes(STATE)
      if (isState) snapshots += 1
      if (isState || payload.includes(DIFF)) missing.delete(client.key)
      if (missing.size === 0) onAllBack()
    }
    const cpu = readCpuSeconds(crowd.pid)
    const startedMs = performance.now()
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, () => this.#comeBack(crowd)))
    await allBack
    const wallSeconds = (performance.now() - startedMs) / 1000
    const cpuSeconds = readCpuSeconds(crowd.pid) - cpu
    crowd.readMirrors()
    const bytes = [...crowd.clients].map((client) => client.bytes)
    const mean = bytes.reduce((sum, value) => sum + value, 0) / count
    return { cpuSeconds, wallSeconds, bytesMean: mean, bytesMax: Math.max(...bytes), snapshots }
  }

  /** One after the other, of those who are still away. */
  async #comeBack(crowd: Crowd): Promise<void> {
    if (!this.#position) throw new Error('Nobody of those who dropped had a map.')
    for (let next = this.#absent.pop(); next; next = this.#absent.pop()) {
      const client = await crowd.open(next.key, resumingSpeech(next.token, this.#position))
      const { resumed } = JSON.parse(client.greetingAnswer)[4].response
      if (!resumed) throw new Error(`${next.key} was not resumed.`)
      client.members = next.members
      client.mirror = next.mirror
      crowd.join(client)
    }
  }
}

import type { JsonObject } from '@rollcall/shared-protocol'
import { Client } from '../load/client'
import { pass } from '../load/pace'
import { within } from '../measure/deadline'
import { RollcallMirror } from '../subjects/rollcall/mirror'
import { rollcallSpeech } from '../subjects/rollcall/speech'
import type { ClusterStage } from './cluster-stage'

const CONNECTING_AT_ONCE = 100

export interface Member {
  readonly client: Client
  /** Index of the node that it is connected to. */
  readonly node: number
  /** The map of each topic that it looks at. */
  readonly maps: Map<string, RollcallMirror>
}

interface Diff {
  readonly joins: readonly unknown[]
  readonly leaves: readonly unknown[]
  readonly updates: readonly { readonly meta: JsonObject }[]
}

/** Clients that are spread over the nodes, of whom some look at what they are sent and the others only take it. */
export class Audience {
  readonly members: Member[] = []
  /** Told of each diff that a member looks at. */
  onDiff: (member: Member, diff: Diff) => void = () => {}
  readonly #stage: ClusterStage
  readonly #byClient = new Map<Client, Member>()
  #wanted = -1
  #onProgress = () => {}
  #onFailed: (error: Error) => void = () => {}
  readonly failed = new Promise<never>((_resolve, reject) => {
    this.#onFailed = reject
  })

  constructor(stage: ClusterStage) {
    this.#stage = stage
    this.failed.catch(() => {})
  }

  /** More clients, in turns to each node. */
  async connect(count: number): Promise<readonly Member[]> {
    const first = this.members.length
    let next = first
    const work = async () => {
      while (next < first + count) {
        const index = next++
        this.members[index] = await this.#open(`m${index}`, index % this.#stage.nodes.length)
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, work))
    return this.members.slice(first)
  }

  join({ client, maps }: Member, topic: string, looks: boolean): void {
    if (looks) maps.set(topic, new RollcallMirror())
    client.say(rollcallSpeech.join(topic, client.key, { n: '0' }) as string)
  }

  /** Its meta says when it was sent, and through which node. */
  change({ client, node }: Member, topic: string): void {
    const meta = { at: String(performance.now()), node: String(node) }
    client.say(rollcallSpeech.update?.(topic, client.key, meta) as string)
  }

  /** Resolves once every map that somebody looks at has so many. */
  async allSee(count: number, timeoutMs: number): Promise<void> {
    this.#wanted = count
    const seen = new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (this.#behind() === 0) resolve()
      }
    })
    this.#onProgress()
    // Not with each frame: to count is more work than to read one.
    const timer = setInterval(() => this.#onProgress(), 20)
    try {
      await within(timeoutMs, `for all to see ${count}`, Promise.race([seen, this.failed]))
    } finally {
      clearInterval(timer)
    }
  }

  /** Resolves once every map is of another history than that of this call, and again has so many. */
  async allSeeAnew(count: number, timeoutMs: number): Promise<void> {
    const before = new Map<RollcallMirror, string | undefined>()
    for (const { maps } of this.members) for (const map of maps.values()) before.set(map, map.position?.epoch)
    const isOld = () => [...before].some(([map, epoch]) => map.position?.epoch === epoch)
    const giveUpAtMs = performance.now() + timeoutMs
    while (isOld()) {
      if (performance.now() > giveUpAtMs) throw new Error('Some maps are still of the history before.')
      await Promise.race([pass(20), this.failed])
    }
    await this.allSee(count, timeoutMs)
  }

  end(): void {
    for (const { client } of this.members) client.destroy()
  }

  #behind(): number {
    for (const { maps } of this.members)
      for (const map of maps.values()) if ([...map.keys()].length !== this.#wanted) return 1
    return 0
  }

  async #open(key: string, node: number): Promise<Member> {
    const client = await Client.open({
      port: this.#stage.nodes[node]?.port as number,
      key,
      speech: rollcallSpeech,
      onText: (from, payload) => this.#take(from, payload),
      guess: () => undefined,
      onLost: (_client, reason) => this.#onFailed(new Error(`A client was cut off: ${reason}`)),
    })
    const member = { client, node, maps: new Map<string, RollcallMirror>() }
    this.#byClient.set(client, member)
    return member
  }

  #take(client: Client, payload: Buffer): void {
    if (client.greetingAnswer === '') return client.greeted(payload.toString())
    const member = this.#byClient.get(client)
    if (!member || member.maps.size === 0) return
    const text = payload.toString()
    const [, , topic, event, diff] = JSON.parse(text)
    try {
      member.maps.get(topic)?.take(text)
    } catch (error) {
      this.#onFailed(error as Error)
    }
    if (event === 'presence_diff' && member.maps.has(topic)) this.onDiff(member, diff)
  }
}

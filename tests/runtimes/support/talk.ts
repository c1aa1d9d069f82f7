import { request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { type Dial, open, type RawPeer } from '../../hostile/support/raw-peer'

/** Milliseconds after which something that was to come counts as not coming. */
export const PATIENCE_MS = 30_000

let refs = 0
let people = 0

/** A name that nobody else has. */
export const someone = () => `person-${people++}`
/** A topic that nobody else is in. */
export const somewhere = () => `room:${people++}`

export interface Answer {
  readonly status: string
  readonly response: any
}

/** A native client, frame by frame. */
export class Talker {
  readonly peer: RawPeer

  constructor(peer: RawPeer) {
    this.peer = peer
  }

  static async open(port: number, options: Partial<Dial> & { readonly user?: string } = {}): Promise<Talker> {
    const { user = someone(), ...rest } = options
    const path = `/socket?user_id=${user}`
    return new Talker(await open({ port, path, subprotocol: 'rollcall.v1', ...rest }))
  }

  async ask(topic: string, event: string, payload: object = {}): Promise<Answer> {
    const ref = `r${refs++}`
    const answer = this.hear(([, asked, , name]) => asked === ref && name === 'phx_reply')
    this.peer.say([event === 'phx_join' ? ref : null, ref, topic, event, payload])
    return (await answer)[4]
  }

  /** Joins, and resolves with the keys of those who are there. */
  async join(topic: string, meta: object = {}): Promise<readonly string[]> {
    const state = this.event(topic, 'presence_state')
    const { status, response } = await this.ask(topic, 'phx_join', { meta })
    if (status !== 'ok') throw new Error(`The join was refused: ${JSON.stringify(response)}`)
    return (await state).presences.map(({ key }: { key: string }) => key)
  }

  /** Joins as clients do after an outage: again for as long as the server says that its store is away. */
  async joinOnceServed(topic: string, withinMs: number): Promise<void> {
    const giveUpMs = performance.now() + withinMs
    for (;;) {
      const { status, response } = await this.ask(topic, 'phx_join', { meta: {} })
      if (status === 'ok') return
      if (response.reason !== 'store_unavailable' || performance.now() > giveUpMs)
        throw new Error(`The join was refused: ${JSON.stringify(response)}`)
    }
  }

  /** The payload of the next such event. */
  async event(topic: string, name: string, holds: (payload: any) => boolean = () => true): Promise<any> {
    const message = await this.hear((each) => each[2] === topic && each[3] === name && holds(each[4]))
    return message[4]
  }

  hear(holds: (message: any) => boolean): Promise<any> {
    return this.peer.hear(holds, PATIENCE_MS)
  }

  /** Resolves with the next diff that says that this person leaves, and with why. */
  async leaveOf(topic: string, ref: string): Promise<string> {
    const isGone = (leave: { ref: string }) => leave.ref === ref
    const { leaves } = await this.event(topic, 'presence_diff', (diff) => diff.leaves.some(isGone))
    return leaves.find(isGone).reason
  }

  /**
   * Resolves once this person is known to be there: from a diff, or from a state. After an outage a server sends whichever
   * it has, as it may have missed the diff.
   */
  async sees(topic: string, key: string, withinMs: number): Promise<void> {
    const isThere = (presence: { key: string }) => presence.key === key
    await this.peer.hear(([, , about, event, payload]) => {
      if (about !== topic) return false
      if (event === 'presence_diff') return payload.joins.some(isThere)
      return event === 'presence_state' && payload.presences.some(isThere)
    }, withinMs)
  }

  /** Resolves with the ref of who comes. */
  async arrivalOf(topic: string, key: string): Promise<string> {
    const isThere = (join: { key: string }) => join.key === key
    const { joins } = await this.event(topic, 'presence_diff', (diff) => diff.joins.some(isThere))
    return joins.find(isThere).ref
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** One HTTP request on a connection of its own. */
export function ask(
  url: string,
  { body, ...options }: RequestOptions & { readonly body?: string } = {},
): Promise<HttpAnswer> {
  const make = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = make(url, { agent: false, timeout: PATIENCE_MS, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer within ${PATIENCE_MS} ms.`)))
    request.on('error', reject)
    request.end(body)
  })
}

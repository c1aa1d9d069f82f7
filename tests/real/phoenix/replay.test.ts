import { once } from 'node:events'
import { HandshakeError } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { refusedHandshake } from '../support/peer'
import { startServer } from '../support/server'
import { recordedChannel } from './support/recorded-channel'
import { type RecordedFrame, type RecordedStep, type Recording, readScenes } from './support/recorded-frames'

/*
 * Every scene that was recorded with a real Phoenix server, played again with ours: the client's half is said as it
 * was, and what our server says to that is compared frame by frame with what Phoenix said. Where ours is otherwise it
 * stands here, by what docs/guides/phoenix.md says of it.
 */

const scenes = ['frames-v2.txt', 'frames-v1.txt', 'edge-cases.txt'].flatMap(readScenes)

/** A frame of the server as V2 writes it; what V1 leaves out is null. */
type Said = readonly [joinRef: unknown, ref: unknown, topic: unknown, event: string, payload: unknown]

interface Difference {
  /** Part of the recorded frame that is not said here. */
  readonly instead?: string
  /** Part of the client's frame after which something is said that was not. */
  readonly after?: string
  readonly ours: readonly Said[]
}

const refused = (reason: string) => ({ status: 'error', response: { reason } })
const fault = (reason: string): Said => [null, null, 'phoenix', 'fault', { reason }]

/** By scene. What a client finds beside a reason (a sentence, a limit) is left out of the comparison. */
const differences: Record<string, readonly Difference[]> = {
  // A message with a stale join_ref is dropped there. `phx_close` says nothing there.
  'second phx_join of the same topic on the same socket': [
    { instead: '"presence_diff",{"joins":{"d":{"metas":[{"phx_ref":"GOodYq2rsa4R7QKB"', ours: [] },
    { instead: '"phx_close"', ours: [['1', '1', 'room:dup', 'phx_close', { reason: 'replaced' }]] },
    { after: '"1","3"', ours: [['1', '3', 'room:dup', 'phx_reply', refused('unmatched topic')]] },
    { after: '"99","5"', ours: [['99', '5', 'room:dup', 'phx_reply', refused('unmatched topic')]] },
  ],
  // `Presence.track` of what is tracked is an error there; an update that changes nothing is one all the same.
  'track twice / update without track / untrack twice': [
    {
      instead: 'already_tracked',
      ours: [['1', '5', 'room:tr', 'phx_reply', { status: 'ok', response: { phx_ref: 'R2' } }]],
    },
    {
      after: '["1","5"',
      ours: [
        diffOf(
          'room:tr',
          't',
          { phx_ref: 'R2', phx_ref_prev: 'GOodYtMBPBsR7QKh', a: 2, online_at: '1' },
          { phx_ref: 'GOodYtMBPBsR7QKh', a: 1, online_at: '1' },
        ),
      ],
    },
    {
      instead: '["1","6"',
      ours: [['1', '6', 'room:tr', 'phx_reply', { status: 'ok', response: { phx_ref: 'R2' } }]],
    },
    { instead: '"presence_diff",{"joins":{"t":{"metas":[{"phx_ref":"GOodYtsWaS4R7QKx"', ours: [] },
  ],
  // A handler that crashes ends the channel there.
  'channel process crash': [
    { instead: '"phx_error"', ours: [['1', '2', 'room:cr', 'phx_reply', refused('handler_failed')]] },
    {
      instead: 'unmatched topic',
      ours: [['1', '3', 'room:cr', 'phx_reply', { status: 'ok', response: {} }]],
    },
  ],
  'channel returns {:stop, :normal, reply}': [
    { instead: '"phx_close"', ours: [['1', '1', 'room:st', 'phx_close', { reason: 'left' }]] },
  ],
  // An event without a handler does, too.
  'event the channel has no clause for': [
    { instead: '"phx_error"', ours: [['1', '2', 'room:nc', 'phx_reply', refused('unknown_event')]] },
  ],
  // Missing: a disconnect of all that a session is in.
  'Endpoint.broadcast(socket id, "disconnect")': [
    {
      after: 'kick_all',
      ours: [
        ['1', '2', 'room:ki', 'phx_reply', { status: 'ok', response: {} }],
        ['1', '1', 'room:ki', 'phx_close', { reason: 'kicked' }],
      ],
    },
  ],
  // The channel there could be asked to push no state.
  'V2 binary push (kind 0): echo, reply is binary? (channel replies with {:binary,..} payload)': [
    {
      instead: '["1","1","room:bin"',
      ours: [
        ['1', '1', 'room:bin', 'phx_reply', { status: 'ok', response: {} }],
        [null, null, 'room:bin', 'presence_state', {}],
      ],
    },
  ],
  // A frame that cannot be read closes the connection there.
  'malformed JSON': [{ after: '{nope', ours: [fault('malformed_frame')] }],
  'JSON, wrong shape (object on V2)': [{ after: '{"a":1}', ours: [fault('invalid_message')] }],
  'array too short': [{ after: 'phx_join', ours: [fault('invalid_message')] }],
  'empty text frame': [{ after: '', ours: [fault('malformed_frame')] }],
  'payload not an object': [
    { instead: 'join crashed', ours: [['1', '1', 'room:x', 'phx_reply', refused('invalid_message')]] },
  ],
  'topic not a string': [
    { instead: 'unmatched topic', ours: [['1', '1', '', 'phx_reply', refused('invalid_message')]] },
  ],
}

/** Scenes in which the connection lives on where Phoenix closed it. */
const livesOn = new Set([
  'malformed JSON',
  'JSON, wrong shape (object on V2)',
  'array too short',
  'empty text frame',
  'Endpoint.broadcast(socket id, "disconnect")',
])

/** A second join of the same session goes on with its presence here, so that two of Phoenix's refs are one of ours. */
const sameHere: Record<string, readonly [string, string]> = {
  'second phx_join of the same topic on the same socket': ['GOodYq2rsa4R7QKB', 'GOodYqlaLaAR7QBy'],
}

/** Not played: here a silent client is asked by ping, which every WebSocket answers. (S-8, [S-8] a closed laptop …) */
const notPlayed = ['idle close after websocket timeout: 60_000']

test('every scene is played, save one, and every difference belongs to a scene', () => {
  const titles = scenes.map(({ title }) => title)
  expect(new Set(titles).size).toBe(titles.length)
  expect(titles).toEqual(expect.arrayContaining([...notPlayed, ...Object.keys(differences), ...livesOn]))
  expect(titles.length).toBe(26)
})

describe('said again to our server, by scene', () => {
  test.each(scenes.filter(({ title }) => !notPlayed.includes(title)))('$title', async (scene) => {
    const server = await startServer({
      channels: [recordedChannel],
      authenticate({ params }) {
        if (params.has('reject')) throw new HandshakeError(403, 'Not you.')
        return { id: params.get('user_id') ?? 'somebody' }
      },
    })
    const play = new Play(scene, server.port)
    for (const step of scene.steps) await play.take(step)
    await play.end()
  })
})

/** One scene: what each of its clients is told, beside what it was told then. */
class Play {
  readonly #scene: Recording
  readonly #port: number
  readonly #clients = new Map<string, Client>()
  #url = ''

  constructor(scene: Recording, port: number) {
    this.#scene = scene
    this.#port = port
  }

  async take(step: RecordedStep): Promise<void> {
    const { title } = this.#scene
    switch (step.kind) {
      case 'connect':
        this.#url = step.url.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${this.#port}`)
        if (!this.#isRefused()) this.#clients.set(step.who, await Client.open(this.#url, step.subprotocols))
        return
      case 'http': {
        const isUpgrade = this.#url !== ''
        const address = `http://127.0.0.1:${this.#port}/socket/websocket`
        const answer = isUpgrade ? await refusedHandshake(this.#url) : await fetch(address)
        return expect(answer.status).toBe(step.status)
      }
      case 'accepted':
        return expect([...this.#clients.values()][0]?.socket.protocol).toBe(step.subprotocol)
      case 'say': {
        for (const client of this.#clients.values()) await client.compare()
        const client = this.#client(step.who)
        client.socket.send(step.frame)
        for (const { after, ours } of differences[title] ?? []) {
          if (after !== undefined && String(step.frame).includes(after)) client.expected.push(...ours)
        }
        return
      }
      case 'hear': {
        const client = this.#client(step.who)
        if (this.#isOwnJoin(step, client)) return
        const found = (differences[title] ?? []).find(
          ({ instead }) => instead !== undefined && String(step.frame).includes(instead),
        )
        client.expected.push(...(found ? found.ours : [this.#recorded(step.frame)]))
        return
      }
      case 'close': {
        const client = this.#client(step.who)
        await client.compare()
        if (step.code === 1006) client.socket.terminate()
        else if (step.code === 1000) client.socket.close(1000)
        else expect(livesOn).toContain(title)
        return
      }
      case 'note':
        return
    }
  }

  async end(): Promise<void> {
    for (const client of this.#clients.values()) await client.compare()
    for (const client of this.#clients.values()) {
      if (client.socket.readyState !== WebSocket.OPEN) continue
      const isV2 = this.#scene.dialect === 'phoenix-v2'
      const beat = { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: 'end' }
      client.socket.send(JSON.stringify(isV2 ? [null, 'end', 'phoenix', 'heartbeat', {}] : beat))
      client.expected.push([null, 'end', 'phoenix', 'phx_reply', { status: 'ok', response: {} }])
      await client.compare()
    }
  }

  #client(who: string): Client {
    const client = this.#clients.get(who)
    if (!client) throw new Error(`${who} has not connected.`)
    return client
  }

  #isRefused(): boolean {
    return this.#scene.steps.some(({ kind }) => kind === 'http')
  }

  /** The joiner's own join comes again as a diff there, before its state or after it. Here it does not. */
  #isOwnJoin({ who, frame }: RecordedFrame, client: Client): boolean {
    if (typeof frame !== 'string') return false
    const [, , topic, event, payload] = this.#recorded(frame)
    if (event !== 'presence_diff') return false
    const { joins, leaves } = payload as { joins: object; leaves: object }
    if (Object.keys(leaves).length > 0) return false
    const key = `${topic} ${JSON.stringify(refsIn(joins))}`
    if (client.ownDiffs.has(key)) return false
    const isInState = this.#scene.steps.some((step) => {
      if (step.kind !== 'hear' || step.who !== who || typeof step.frame !== 'string') return false
      const [, , on, what, state] = this.#recorded(step.frame)
      const known = what === 'presence_state' && on === topic ? refsIn(state) : []
      return refsIn(joins).every((ref) => known.includes(ref))
    })
    if (isInState) client.ownDiffs.add(key)
    return isInState
  }

  /** A recorded frame, with what is otherwise everywhere: `presence_state` has no join_ref, times are none. */
  #recorded(frame: string | Uint8Array): Said {
    if (typeof frame !== 'string') return bytesSaid(frame)
    const [from, to] = sameHere[this.#scene.title] ?? ['', '']
    const text = frame.replaceAll(',"phx_ref":"forged"', '').replaceAll(from || '\0', to)
    const [joinRef, ref, topic, event, payload] = partsSaid(
      text.replace(/"online_at":"\d+"/g, '"online_at":"1"'),
    )
    return [event === 'presence_state' ? null : joinRef, ref, topic, event, payload]
  }
}

class Client {
  readonly socket: WebSocket
  readonly expected: Said[] = []
  readonly ownDiffs = new Set<string>()
  readonly #heard: Said[] = []
  /** Phoenix's refs by ours. */
  readonly #refs = new Map<string, string>()
  #compared = 0

  static async open(url: string, subprotocols: string[]): Promise<Client> {
    const client = new Client(new WebSocket(url, subprotocols))
    await once(client.socket, 'open')
    return client
  }

  private constructor(socket: WebSocket) {
    this.socket = socket
    onTestFinished(() => socket.terminate())
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#heard.push(isBinary ? bytesSaid(new Uint8Array(data)) : partsSaid(String(data)))
    })
  }

  /** Waits for what is due and compares it. Each topic keeps its order; a diff may come before a reply or after it. */
  async compare(): Promise<void> {
    await vi
      .waitUntil(() => this.#heard.length >= this.expected.length, { timeout: 3000, interval: 2 })
      .catch(() => {})
    const [heard, expected] = [this.#heard, this.expected].map((frames) => frames.slice(this.#compared))
    this.#compared = this.expected.length
    const kindOf = ([, , topic, event]: Said) => `${topic} ${event === 'presence_diff'}`
    for (const kind of new Set([...(heard ?? []), ...(expected ?? [])].map(kindOf))) {
      const of = (frames: readonly Said[] = []) =>
        frames.filter((frame) => kindOf(frame) === kind).map(sorted)
      const due = of(expected)
      const got = of(heard).map((frame, index) => this.#translate(frame, due[index]))
      expect(got).toEqual(due)
    }
  }

  /** Our frame with Phoenix's refs, as far as they were learnt from frames like it, and without sentences. */
  #translate(ours: Said, theirs: Said | undefined): Said {
    const names = refsIn(theirs)
    for (const [index, ref] of refsIn(ours).entries()) {
      const name = names[index]
      if (!this.#refs.has(ref) && name !== undefined && ![...this.#refs.values()].includes(name))
        this.#refs.set(ref, name)
    }
    return JSON.parse(JSON.stringify(ours), (name, value) => {
      if (name === 'phx_ref' || name === 'phx_ref_prev') return this.#refs.get(value) ?? value
      return name === 'message' ? undefined : value
    })
  }
}

function diffOf(topic: string, key: string, joined: object, left: object): Said {
  const joins = { [key]: { metas: [joined] } }
  return [null, null, topic, 'presence_diff', { joins, leaves: { [key]: { metas: [left] } } }]
}

function partsSaid(text: string): Said {
  const value = JSON.parse(text)
  return Array.isArray(value)
    ? (value as unknown as Said)
    : [null, value.ref, value.topic, value.event, value.payload]
}

function bytesSaid(frame: Uint8Array): Said {
  return [null, null, null, 'bytes', Buffer.from(frame).toString('hex')]
}

/** With the names in every object in one order, so that two that are alike are read alike. */
function sorted(frame: Said): Said {
  return JSON.parse(JSON.stringify(frame), (_name, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn)
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, inner]) =>
    (name === 'phx_ref' || name === 'phx_ref_prev') && typeof inner === 'string' ? [inner] : refsIn(inner),
  )
}

import { once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'vitest'
import { WebSocket } from 'ws'
import { LongPoll } from '../http/longpoll'
import { systemClock } from '../io/clock'
import { systemRandom } from '../io/random'
import { HandshakeReader } from '../io/read-handshake'
import type { Admit } from '../io/wire'
import { WsListener } from '../io/ws-listener'
import { MemoryWire } from '../testing-support/memory-wire'
import { RecordingLog } from '../testing-support/recording-log'
import { listenerConformance, type OpenPeer, type WirePeer, wireConformance } from './wire-conformance'

const closeTimeoutMs = 500

/** An HTTP server with a listener for WebSockets, which has these handshakes decided. */
async function wsServer(admit: Admit) {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const listener = new WsListener(
    {
      clock: systemClock,
      maxPayloadBytes: 1_000_000,
      closeTimeoutMs,
      unanswered: null,
      peerOf: () => null,
      compression: null,
      handshakes: new HandshakeReader(() => '127.0.0.1', 100),
      log: new RecordingLog(),
    },
    admit,
  )
  listener.attach(http)
  const { port } = http.address() as AddressInfo
  const dispose = async () => {
    listener.detach()
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }
  return { port, listener, dispose }
}

const openWebSocketPeer: OpenPeer = async (open) => {
  const { port, dispose } = await wsServer(async () => ({ subprotocol: null, open, abandon: () => {} }))
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
  const received: string[] = []
  socket.on('message', (data) => received.push(String(data)))
  socket.on('error', () => {})
  await once(socket, 'open')
  return {
    received,
    send: (text) => socket.send(text),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    vanish: () => socket.terminate(),
    leave: (code, reason) => socket.close(code, reason),
    dispose: async () => {
      socket.terminate()
      await dispose()
    },
  }
}

/** A client of the long poll: it asks again and again, and posts what it says, one post after the other. */
class LongPoller implements WirePeer {
  readonly received: string[] = []
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true })
  #token = ''
  #posting: Promise<unknown> = Promise.resolve()
  #isPaused = false
  #isPolling = false
  #isOver = false

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/socket/longpoll?vsn=2.0.0`
  }

  async open(): Promise<this> {
    this.#token = (await this.#ask('GET')).token
    void this.#poll()
    return this
  }

  send(text: string): void {
    this.#posting = this.#posting.then(() => this.#ask('POST', `${text}\n`))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    void this.#poll()
  }

  vanish(): void {
    this.#isOver = true
    this.#agent.destroy()
  }

  async dispose(): Promise<void> {
    this.vanish()
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    while (!this.#isPaused && !this.#isOver) {
      const { status, messages = [] } = await this.#ask('GET')
      this.received.push(...messages)
      if (status === 410) break
    }
    this.#isPolling = false
  }

  /** The answer's JSON, or 410 where there was none. */
  #ask(method: string, body?: string): Promise<{ status: number; token: string; messages?: string[] }> {
    const over = { status: 410, token: '' }
    if (this.#isOver) return Promise.resolve(over)
    const headers = { 'Content-Type': 'application/x-ndjson' }
    return new Promise((resolve) => {
      const url = `${this.#url}&token=${this.#token}`
      const request = httpRequest(url, { method, agent: this.#agent, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve(JSON.parse(text)))
        response.on('error', () => resolve(over))
      })
      request.on('error', () => resolve(over))
      request.end(body)
    })
  }
}

const openLongPollPeer: OpenPeer = async (open) => {
  const longPoll = new LongPoll({
    admit: async () => ({ subprotocol: null, open, abandon: () => {} }),
    admissionControl: { allowsAllOrigins: true, originRefusal: () => null, requestRefusal: () => null },
    handshakes: new HandshakeReader(() => '127.0.0.1', 100),
    clock: systemClock,
    random: systemRandom,
    log: new RecordingLog(),
    options: { windowMs: 5000, maxBodyBytes: 1_000_000, maxMessages: 1000, maxHeldBytes: 10_000_000 },
    closeTimeoutMs,
    silenceMs: 5000,
  })
  const http = createServer((request, response) => void longPoll.handle(request, response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const poller = await new LongPoller((http.address() as AddressInfo).port).open()
  const dispose = async () => {
    poller.vanish()
    longPoll.close()
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }
  return Object.assign(poller, { dispose })
}

const openMemoryPeer: OpenPeer = async (open) => {
  const wire = new MemoryWire(systemClock)
  wire.open(open(wire))
  return {
    get received() {
      return wire.writes.flat().map(String)
    },
    send: (text) => wire.receive(text),
    pause: () => {
      wire.isStuck = true
      wire.isAlive = false
    },
    resume: () => {
      wire.isAlive = true
      wire.readOn()
    },
    vanish: () => wire.end(),
    leave: (code, reason) => wire.end(code, reason),
    dispose: async () => {},
  }
}

describe('the wire of a WebSocket', () => wireConformance({ describe, test }, openWebSocketPeer))
describe('the wire of a long poll', () => wireConformance({ describe, test }, openLongPollPeer))
describe('the wire of the tests', () => wireConformance({ describe, test }, openMemoryPeer))

describe('the listener for WebSockets', () =>
  listenerConformance({ describe, test }, async (admit) => {
    const { port, listener, dispose } = await wsServer(admit)
    const sockets: WebSocket[] = []
    const dial = () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
      sockets.push(socket)
      socket.on('error', () => {})
      return socket
    }
    return {
      connect: () =>
        new Promise((resolve) => {
          const socket = dial()
          socket.once('open', () => resolve('taken'))
          socket.once('unexpected-response', () => resolve('refused'))
        }),
      begin: async () => {
        const socket = dial()
        return () => socket.terminate()
      },
      stop: () => listener.detach(),
      dispose: async () => {
        for (const socket of sockets) socket.terminate()
        await dispose()
      },
    }
  }))

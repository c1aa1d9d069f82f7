import assert from 'node:assert/strict'
import type { Arena } from './arena'

const PATH = '/socket/longpoll?vsn=2.0.0'

/** A session of Phoenix's long poll. */
export class PollSession {
  readonly #arena: Arena
  /** Of its requests, with its token. */
  readonly path: string

  private constructor(arena: Arena, token: string) {
    this.#arena = arena
    this.path = `${PATH}&token=${token}`
  }

  static async begin(arena: Arena, sub?: string): Promise<PollSession> {
    const headers = { authorization: `Bearer ${arena.token(sub)}` }
    const answer = await fetch(`http://127.0.0.1:${arena.port}${PATH}`, { headers })
    const { token } = (await answer.json()) as { token?: string }
    assert.ok(token !== undefined, `The session was refused with ${answer.status}.`)
    return new PollSession(arena, token)
  }

  /** Posts a message. The status by which it is answered. */
  async post(message: unknown): Promise<number> {
    const headers = { 'content-type': 'application/x-ndjson' }
    const url = `http://127.0.0.1:${this.#arena.port}${this.path}`
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) })
    return ((await answer.json()) as { status: number }).status
  }

  /** The text of a poll. */
  get request(): string {
    return `GET ${this.path} HTTP/1.1\r\nHost: x\r\n\r\n`
  }

  /** Polls over a TCP connection of its own, and never reads the answer. */
  async pollUnread(): Promise<void> {
    const socket = await this.#arena.tcp(this.#arena.newAddress())
    assert.ok(socket, 'There is no connection to be had.')
    socket.pause()
    socket.write(this.request)
  }
}

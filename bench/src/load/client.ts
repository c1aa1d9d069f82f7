import { connect, type Socket } from 'node:net'
import type { Mirror, Speech } from '../subjects/speech'
import { clientFrame, closeFrame, textFrame } from './client-frame'
import { FrameReader, type Guess } from './frame-reader'

/** Takes a text message. `payload` is lent until it returns. */
export type OnText = (client: Client, payload: Buffer, isCompressed: boolean) => void

export interface ClientOptions {
  readonly port: number
  readonly key: string
  readonly speech: Speech
  readonly onText: OnText
  readonly guess: Guess
  /** The connection is over, and it was not this side that ended it. */
  onLost(client: Client, reason: string): void
}

/** All clients read into the same memory: what comes is looked at before the next read. */
const sharedBuffer = Buffer.allocUnsafeSlow(256 * 1024)

const HEAD_END = Buffer.from('\r\n\r\n')
const PONG = 0xa
const CLOSE = 0x8

/** One WebSocket client, as small as it can be: reads headers of frames, and leaves the rest to `onText`. */
export class Client {
  readonly key: string
  readonly speech: Speech
  /** Bytes and messages that have come since the handshake, or since they were set to 0. */
  bytes = 0
  frames = 0
  /** How many members it holds by the cheap count. */
  members = 0
  /** Of a sample only. */
  mirror: Mirror | undefined
  /** What the mirror has not been shown yet. */
  unread: string[] = []
  /** Free for a scenario. */
  mark = 0
  /** Why the server closed, if it said so. */
  closeCode = 0
  /** What the greeting was answered with. */
  greetingAnswer = ''
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #options: ClientOptions
  #head: Buffer | undefined = Buffer.alloc(0)
  #isDone = false
  #onOpen: () => void
  #onFailed: (error: Error) => void

  private constructor(options: ClientOptions, onOpen: () => void, onFailed: (error: Error) => void) {
    this.#options = options
    this.#onOpen = onOpen
    this.#onFailed = onFailed
    this.key = options.key
    this.speech = options.speech
    this.#reader = new FrameReader(
      (opcode, isCompressed, bytes) => this.#take(opcode, isCompressed, bytes),
      options.guess,
    )
    this.#socket = connect({
      port: options.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: sharedBuffer,
        callback: (count, buffer) => {
          this.#read((buffer as Buffer).subarray(0, count))
          return true
        },
      },
    })
    this.#socket.on('connect', () => this.#socket.write(handshakeOf(options)))
    this.#socket.on('error', (error) => this.#lost(error.message))
    this.#socket.on('close', () => this.#lost(`close code ${this.closeCode || 1006}`))
  }

  /** Resolves with a client whose greeting, where the subject wants one, is answered. */
  static open(options: ClientOptions): Promise<Client> {
    return new Promise((resolve, reject) => {
      const client: Client = new Client(options, () => resolve(client), reject)
    })
  }

  say(text: string): void {
    this.write(textFrame(text))
  }

  /** Writes a frame that is ready. */
  write(frame: Buffer): void {
    this.#socket.write(frame)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Closes as a program does that means to go. */
  close(): void {
    this.#isDone = true
    this.#socket.end(closeFrame(1000))
  }

  /** Breaks off without a word. */
  destroy(): void {
    this.#isDone = true
    this.#socket.destroy()
  }

  #lost(reason: string): void {
    this.#socket.destroy()
    if (this.#isDone) return
    this.#isDone = true
    this.#onFailed(new Error(`${this.key} lost its connection: ${reason}`))
    this.#options.onLost(this, reason)
  }

  #read(chunk: Buffer): void {
    if (this.#isDone) return
    if (!this.#head) {
      this.bytes += chunk.length
      return this.#reader.read(chunk)
    }
    this.#head = Buffer.concat([this.#head, chunk])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#head.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101')) return this.#lost(`answered ${head.split('\r\n')[0]}`)
    const rest = this.#head.subarray(end + HEAD_END.length)
    this.#head = undefined
    if (this.speech.greeting) this.say(this.speech.greeting.text)
    else this.#onOpen()
    if (rest.length > 0) this.#read(rest)
  }

  #take(opcode: number, isCompressed: boolean, bytes: Buffer): void {
    if (opcode === 1) {
      this.frames += 1
      this.#options.onText(this, bytes, isCompressed)
    } else if (opcode === 9) this.write(clientFrame(PONG, Buffer.from(bytes)))
    else if (opcode === 8) this.#closedByServer(bytes)
  }

  /** Answers, or the server would wait for it. */
  #closedByServer(bytes: Buffer): void {
    this.closeCode = bytes.length >= 2 ? bytes.readUInt16BE(0) : 1005
    this.#socket.end(clientFrame(CLOSE, Buffer.from(bytes)))
  }

  /** For whoever looks at the texts: the answer to the greeting has come. */
  greeted(answer: string): void {
    this.greetingAnswer = answer
    this.#onOpen()
  }
}

function handshakeOf({ port, key, speech }: ClientOptions): string {
  return [
    `GET ${speech.target(key)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(speech.subprotocol ? [`Sec-WebSocket-Protocol: ${speech.subprotocol}`] : []),
    ...(speech.extensions ? [`Sec-WebSocket-Extensions: ${speech.extensions}`] : []),
    '',
    '',
  ].join('\r\n')
}

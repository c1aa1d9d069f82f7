import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdmissionControl } from '../admission/admission-control'
import type { Clock } from '../io/clock'
import { ignoreErrors } from '../io/late-errors'
import type { RandomSource } from '../io/random'
import { hashSecret, isSecret, type SecretHash } from '../io/random'
import { readHandshake, type Target, targetOf } from '../io/read-handshake'
import { DATA_HEADERS } from '../io/security-headers'
import type { Acceptance, Admit, HandshakeRefusal } from '../io/wire'
import type { Logger } from '../log'
import { type PostRefusal, readPost, tooManyBytes } from './longpoll-body'
import { LongPollWire, type Poll } from './longpoll-wire'
import { ByteBudget, readBody } from './read-body'
import { contain, refuseRequest } from './respond'

/*
 * Phoenix's long poll, to which its client falls back where no WebSocket comes through:
 *
 *   GET  /socket/longpoll?vsn=2.0.0             410 {token}            a session begins (or 403, refused)
 *   GET  /socket/longpoll?vsn=2.0.0&token=…     200 {token, messages}  or 204 after windowMs, or 410 and another token
 *   POST /socket/longpoll?vsn=2.0.0&token=…     200                    or 410
 *
 * As with Phoenix, these are the `status` of the JSON in the body, which is all that its client looks at; HTTP itself
 * says 200.
 */

export interface LongPollOptions {
  /** Time that a poll waits for messages, in milliseconds. Phoenix's client waits 20000. @default 10000 */
  readonly windowMs: number
  /** Bytes of one post, which may hold many messages. @default 1048576 */
  readonly maxBodyBytes: number
  /** Messages of one post. @default 1024 */
  readonly maxMessages: number
  /** Bytes of posts that are being read at a time, beyond 64 KiB of each. @default 67108864 */
  readonly maxHeldBytes: number
}

export interface LongPollContext {
  readonly admit: Admit
  /** Which sites' pages may send these. */
  readonly door: Pick<AdmissionControl, 'allowsAllOrigins' | 'originRefusal' | 'requestRefusal'>
  /** Where a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
  /** Why a request whose headers may not all be there is refused; null where they are. */
  readonly headersRefusal: (request: IncomingMessage) => HandshakeRefusal | null
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  readonly options: LongPollOptions
  readonly closeTimeoutMs: number
  /** Milliseconds in which something of an answer with messages has to move. */
  readonly silenceMs: number
}

interface OpenWire {
  readonly wire: LongPollWire
  readonly token: string
  readonly hash: SecretHash
}

const PATH = '/socket/longpoll'
/** Phoenix's client begins anew, after a while, for this status in a body. It has no word for others, such as 429. */
const COME_BACK = { status: 500 }
/** Bytes of an answer that are written before the next ones. */
const PIECE_BYTES = 65_536
/** Bytes of chance in a token: whoever has it reads and writes as its client. */
const SECRET_BYTES = 24
/** How a token of ours begins, by which it is told from an application's own connect param of that name. */
const TOKEN = /^lp\.([0-9a-z]+)\.([0-9a-z]+)$/

/** Answers the requests of long polls. */
export class LongPoll {
  readonly #context: LongPollContext
  readonly #wires = new Map<string, OpenWire>()
  readonly #bodies: ByteBudget
  #isClosed = false

  constructor(context: LongPollContext) {
    this.#context = context
    this.#bodies = new ByteBudget(context.options.maxHeldBytes)
  }

  /** Whether the request is one of a long poll; then it is answered, sooner or later. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const target = targetOf(request)
    if (target?.path !== PATH) return false
    ignoreErrors(request)
    ignoreErrors(response)
    void contain(this.#context.log, response, () => this.#handle(request, response, target))
    return true
  }

  #handle(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> | undefined {
    const { door, addressOf, headersRefusal } = this.#context
    const remoteAddress = addressOf(request)
    const tooFast = door.requestRefusal(remoteAddress)
    if (tooFast) {
      refuseRequest(request, response, tooFast, COME_BACK)
      return
    }
    const tooMany = headersRefusal(request)
    if (tooMany) {
      refuseRequest(request, response, tooMany)
      return
    }
    const { headers } = request
    const foreign = door.originRefusal({ headers, path: PATH, remoteAddress })
    // A browser shows nobody else what is said to a page of a site that is not named.
    const cors = foreign ? null : door.allowsAllOrigins ? '*' : (headers.origin ?? null)
    const answer = new Answer(response, headers.origin === undefined ? null : cors, () => this.#isClosed)
    if (foreign) {
      answer.send(403, { error: foreign.reason, message: foreign.message })
      return
    }
    switch (request.method) {
      case 'GET':
        return this.#get(request, response, target, answer)
      case 'POST':
        return this.#post(request, target, answer)
      case 'OPTIONS':
        answer.preflight()
        return
      default:
        response.setHeader('Allow', 'GET, POST, OPTIONS')
        answer.send(405)
        return
    }
  }

  /** Takes no further session. Those that are open are for their connections to end. */
  close(): void {
    this.#isClosed = true
  }

  #get(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    answer: Answer,
  ): Promise<void> | undefined {
    const open = this.#find(target)
    if (!open) return this.#begin(request, response, target, answer)
    const { wire, token } = open
    // Told by timers, and by whoever sends: they have to go on.
    const poll: Poll = {
      answer: (status, messages) => {
        const onRest = (restBytes: number) => wire.progress(poll, restBytes)
        void contain(this.#context.log, response, () =>
          answer.sendWatched(status, { token, messages }, onRest),
        )
      },
      cut: () => void response.destroy(),
    }
    response.once('close', () => {
      if (!response.writableFinished) wire.lose(poll)
    })
    wire.poll(poll)
    return
  }

  async #begin(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    answer: Answer,
  ): Promise<void> {
    const handshake = readHandshake(request, this.#context.addressOf)
    if (!handshake || this.#isClosed) return answer.send(500)
    // A token of ours that is over is no param of the application's.
    const params = new Map(
      [...target.searchParams].filter(([name, value]) => name !== 'token' || !TOKEN.test(value)),
    )
    const admitted = await this.#context.admit({ ...handshake, params })
    if ('status' in admitted) {
      const { status, reason: error, message, retryAfterS } = admitted
      // Its client comes back after 500, and not after 403.
      const mayComeBack = status >= 500 || retryAfterS !== undefined
      return answer.send(mayComeBack ? 500 : 403, { error, message }, retryAfterS)
    }
    if (response.destroyed || this.#isClosed) {
      admitted.abandon()
      return answer.send(500)
    }
    let token: string | null = null
    try {
      token = this.#open(admitted)
    } finally {
      if (token === null) admitted.abandon()
    }
    answer.send(410, { token, messages: [] })
  }

  #open(acceptance: Acceptance): string {
    const { clock, random, options, closeTimeoutMs, silenceMs } = this.#context
    const [id, secret] = [random.id(8), random.id(SECRET_BYTES)]
    const token = `lp.${id}.${secret}`
    const onOver = () => void this.#wires.delete(id)
    const { windowMs } = options
    const wire = new LongPollWire({ clock, windowMs, closeTimeoutMs, silenceMs, onOver })
    this.#wires.set(id, { wire, token, hash: hashSecret(secret) })
    wire.listen(acceptance.open(wire))
    return token
  }

  async #post(request: IncomingMessage, target: Target, answer: Answer): Promise<void> {
    const open = this.#find(target)
    // Nothing is read for a session that is over, or about to be. (S-83)
    if (!open?.wire.isOpen) return answer.sendUnread()
    const { wire } = open
    const { maxBodyBytes, maxHeldBytes, maxMessages } = this.#context.options
    const body = await readBody(request, maxBodyBytes, this.#bodies, () => wire.isOpen)
    // What is refused here was read, and counts as what a WebSocket's connection refuses does. (S-36, S-37)
    const refuse = (bytes: number, { status, error, message }: PostRefusal) => {
      wire.refuse(bytes)
      answer.send(status, { error, message })
    }
    if (!Buffer.isBuffer(body)) {
      const { why, bytes } = body
      if (why === 'too_large') return refuse(bytes, tooManyBytes(maxBodyBytes))
      // To break off a post, or to send one while there is no room, is no offence, and not for nothing.
      wire.spend(bytes)
      if (why === 'aborted') return
      if (why === 'unwanted') return answer.sendUnread()
      const message = `The server is already reading posts of ${maxHeldBytes} bytes (server option longPoll.maxHeldBytes). Try again later.`
      return answer.send(503, { error: 'busy', message }, 1)
    }
    const post = readPost(body, request.headers['content-type'] ?? '', maxMessages)
    if ('status' in post) return refuse(body.length, post)
    answer.send(wire.post(post) ? 200 : 410)
  }

  #find({ searchParams }: Target): OpenWire | null {
    // The client appends its token to the application's params, one of which may be called the same.
    const [, id = '', secret = ''] = TOKEN.exec(searchParams.getAll('token').at(-1) ?? '') ?? []
    const open = this.#wires.get(id)
    return open && isSecret(secret, open.hash) ? open : null
  }
}

/** The one answer to one request. */
class Answer {
  readonly #response: ServerResponse
  /** Pages of which site may read it, beside those of the server's own; null for no other. */
  readonly #readers: string | null
  #isLast: () => boolean

  constructor(response: ServerResponse, readers: string | null, isLast: () => boolean) {
    this.#response = response
    this.#readers = readers
    this.#isLast = isLast
  }

  /** `status` is what the client goes by; HTTP says the same only where it is none of the protocol's. */
  send(status: PollStatusOrFailure, body: object = {}, retryAfterS?: number): void {
    if (!this.#response.destroyed) this.#response.end(this.#begin(status, body, retryAfterS))
  }

  /** The session is over. The connection ends, too, rather than to bring the rest of a body that nobody reads. */
  sendUnread(): void {
    this.#isLast = () => true
    this.send(410)
  }

  /** The same, in pieces: `onRest` is told after each how many bytes the peer has not taken; 0 is the last. */
  sendWatched(status: PollStatusOrFailure, body: object, onRest: (restBytes: number) => void): void {
    const response = this.#response
    if (response.destroyed) return
    let rest = this.#begin(status, body)
    const next = () => {
      const piece = rest.subarray(0, PIECE_BYTES)
      rest = rest.subarray(piece.length)
      if (rest.length === 0) return void response.end(piece, () => onRest(0))
      response.write(piece, (error) => {
        // An answer that was cut off tells so by its end.
        if (error) return
        onRest(rest.length)
        if (!response.destroyed) next()
      })
    }
    next()
  }

  /** Writes the head. Returns the body. */
  #begin(status: PollStatusOrFailure, body: object, retryAfterS?: number): Buffer {
    const bytes = Buffer.from(JSON.stringify({ status, ...body }))
    this.#writeHead(status === 400 || status === 405 || status === 413 ? status : 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(bytes.length),
      // A poll is a GET with the same address as the one before it.
      'Cache-Control': 'no-store',
      ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
      // Rather than to read on what was too large, or to keep waiting for a client of a server that is closing.
      ...(status === 413 || status === 503 || this.#isLast() ? { Connection: 'close' } : {}),
    })
    return bytes
  }

  /** Tells a browser that a page from elsewhere may send these. No cookie ever goes with them. */
  preflight(): void {
    this.#writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
      'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, X-Phoenix-AuthToken',
      'Access-Control-Max-Age': '3600',
    })
    this.#response.end()
  }

  #writeHead(status: number, headers: Record<string, string>): void {
    const readers = this.#readers
    const cors = readers === null ? {} : { 'Access-Control-Allow-Origin': readers, Vary: 'Origin' }
    this.#response.writeHead(status, { ...headers, ...cors, ...DATA_HEADERS })
  }
}

type PollStatusOrFailure = 200 | 204 | 400 | 403 | 405 | 410 | 413 | 500 | 503

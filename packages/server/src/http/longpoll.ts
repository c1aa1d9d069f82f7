import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdmissionControl } from '../admission/admission-control'
import type { Clock } from '../io/clock'
import { ignoreErrors } from '../io/late-errors'
import type { RandomSource } from '../io/random'
import { hashSecret, isSecret, type SecretHash } from '../io/random'
import { type HandshakeReader, type Target, targetOf } from '../io/read-handshake'
import { requestCost, tooManyParams } from '../io/request-size'
import type { Acceptance, Admit } from '../io/wire'
import type { Logger } from '../log'
import { ChunkOverhead, tooManyChunks } from './chunk-overhead'
import { type PostRefusal, readPost, tooManyBytes } from './longpoll-body'
import { LongPollResponse } from './longpoll-response'
import { LongPollWire, type Poll } from './longpoll-wire'
import { ByteBudget, readBody } from './read-body'
import { contain, refuseRequest } from './respond'
import { leaveBody } from './unwanted-body'

/*
 * Phoenix's long poll, to which its client falls back when a WebSocket cannot connect:
 *
 *   GET  /socket/longpoll?vsn=2.0.0             410 {token}            a wire begins (or 403, refused)
 *   GET  /socket/longpoll?vsn=2.0.0&token=…     200 {token, messages}  or 204 after windowMs, or 410 and another token
 *   POST /socket/longpoll?vsn=2.0.0&token=…     200                    or 410
 *
 * As in Phoenix, these are the `status` of the JSON body, which is all that the client reads; the HTTP status is 200.
 */

export interface LongPollOptions {
  /** Time that a poll waits for messages, in milliseconds. Phoenix's client waits 20000 at most. @default 10000 */
  readonly windowMs: number
  /** Bytes of one post, which may contain several messages. @default 1048576 */
  readonly maxBodyBytes: number
  /** Messages of one post. @default 1024 */
  readonly maxMessages: number
  /** Bytes of all posts being read at a time, not counting 64 KiB of each. @default 67108864 */
  readonly maxHeldBytes: number
}

export interface LongPollContext {
  readonly admit: Admit
  readonly admissionControl: Pick<AdmissionControl, 'allowsAllOrigins' | 'originRefusal' | 'requestRefusal'>
  readonly handshakes: HandshakeReader
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  readonly options: LongPollOptions
  readonly closeTimeoutMs: number
  /** Longest time without progress of a response with messages, in milliseconds. */
  readonly silenceMs: number
}

interface OpenWire {
  readonly wire: LongPollWire
  readonly token: string
  readonly hash: SecretHash
}

const PATH = '/socket/longpoll'
/** On this status in a body Phoenix's client reconnects after a pause. It does not know others, such as 429. */
const COME_BACK = { status: 500 }
/** Random bytes in a token, which gives full access to its wire. */
const SECRET_BYTES = 24
/** The form of a wire's token, which differs from an application's own connect param `token`. */
const TOKEN = /^lp\.([0-9a-z]+)\.([0-9a-z]+)$/

/** Serves the requests of long polls. */
export class LongPoll {
  readonly #context: LongPollContext
  readonly #wires = new Map<string, OpenWire>()
  readonly #bodies: ByteBudget
  #isClosed = false

  constructor(context: LongPollContext) {
    this.#context = context
    this.#bodies = new ByteBudget(context.options.maxHeldBytes)
  }

  /** Returns whether the request belongs to a long poll, and if so, responds to it now or later. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const target = targetOf(request)
    if (target?.path !== PATH) return false
    ignoreErrors(request)
    ignoreErrors(response)
    void contain(this.#context.log, response, () => this.#handle(request, response, target))
    return true
  }

  #handle(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> | undefined {
    const { admissionControl, handshakes } = this.#context
    const remoteAddress = handshakes.addressOf(request)
    const tooFast = admissionControl.requestRefusal(remoteAddress, requestCost(request))
    if (tooFast) {
      refuseRequest(request, response, tooFast, COME_BACK)
      return
    }
    const tooMany = handshakes.headersRefusal(request) ?? tooManyParams(request)
    if (tooMany) {
      refuseRequest(request, response, tooMany)
      return
    }
    const { headers } = request
    const originRefusal = admissionControl.originRefusal({ headers, path: PATH, remoteAddress })
    // Browsers let only pages of this origin read the response.
    const cors = originRefusal ? null : admissionControl.allowsAllOrigins ? '*' : (headers.origin ?? null)
    const answer = new LongPollResponse(
      response,
      headers.origin === undefined ? null : cors,
      () => this.#isClosed,
    )
    if (originRefusal || request.method !== 'POST') leaveBody(request, response)
    if (originRefusal) {
      answer.send(403, { error: originRefusal.reason, message: originRefusal.message })
      return
    }
    switch (request.method) {
      case 'GET':
        return this.#get(request, response, target, answer)
      case 'POST':
        return this.#post(request, response, target, answer)
      case 'OPTIONS':
        answer.preflight()
        return
      default:
        response.setHeader('Allow', 'GET, POST, OPTIONS')
        answer.send(405)
        return
    }
  }

  /** Stops opening wires. Open ones stay until their connections close them. */
  close(): void {
    this.#isClosed = true
  }

  #get(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    answer: LongPollResponse,
  ): Promise<void> | undefined {
    const open = this.#find(target)
    if (!open) return this.#begin(request, response, target, answer)
    const { wire, token } = open
    // Timers and senders call it, so its errors must not reach them.
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
    answer: LongPollResponse,
  ): Promise<void> {
    const handshake = this.#context.handshakes.read(request)
    if (!handshake || this.#isClosed) return answer.send(500)
    // Removes the token of an ended wire, so that the application does not see it as a connect param.
    const params = new Map(
      [...target.searchParams].filter(([name, value]) => name !== 'token' || !TOKEN.test(value)),
    )
    const admitted = await this.#context.admit({ ...handshake, params })
    if ('status' in admitted) {
      const { status, reason: error, message, retryAfterS } = admitted
      // The client reconnects after 500, but not after 403.
      const mayReconnect = status >= 500 || retryAfterS !== undefined
      return answer.send(mayReconnect ? 500 : 403, { error, message }, retryAfterS)
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

  async #post(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    answer: LongPollResponse,
  ): Promise<void> {
    const open = this.#find(target)
    // The body for an ended or closing wire is not read. (S-83)
    if (!open?.wire.isOpen) {
      leaveBody(request, response)
      return answer.sendUnread()
    }
    const { wire } = open
    const { maxBodyBytes, maxHeldBytes, maxMessages } = this.#context.options
    const chunks = new ChunkOverhead(request)
    const isWanted = () => wire.isOpen && !chunks.isExcessive
    const body = await readBody(request, maxBodyBytes, this.#bodies, isWanted)
    wire.spend(chunks.bytes)
    // The bytes of a refused post count as those of a refused WebSocket message do. (S-36, S-37)
    const refuse = (bytes: number, { status, error, message }: PostRefusal) => {
      wire.refuse(bytes)
      answer.send(status, { error, message })
    }
    if (!Buffer.isBuffer(body)) {
      const { why, bytes } = body
      leaveBody(request, response)
      if (why === 'too_large') return refuse(bytes, tooManyBytes(maxBodyBytes))
      if (chunks.isExcessive) return refuse(bytes, tooManyChunks())
      // An aborted post and a post without room count towards the byte rate, but not as violations.
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
    // The client appends its token after the application's params, which may include one called `token`.
    const [, id = '', secret = ''] = TOKEN.exec(searchParams.getAll('token').at(-1) ?? '') ?? []
    const open = this.#wires.get(id)
    return open && isSecret(secret, open.hash) ? open : null
  }
}

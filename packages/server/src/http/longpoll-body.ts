import { isUtf8 } from 'node:buffer'

export interface PostedMessage {
  readonly data: Buffer
  readonly isBinary: boolean
  /** Its bytes in the body: more than those of `data` if it was base64. */
  readonly wireBytes: number
}

/** The content of a post. */
export interface Post {
  readonly messages: readonly PostedMessage[]
  /** Bytes of line ends and empty lines. */
  readonly idleBytes: number
}

/** The response to a refused post. */
export interface PostRefusal {
  readonly status: 400 | 413
  readonly error: 'invalid_message' | 'limit_exceeded'
  readonly message: string
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const BRACKET = 0x5b
const BRACE = 0x7b

/**
 * Reads the messages in the body of a post. Phoenix's client sends one line per message (`application/x-ndjson`): JSON, or
 * base64 for a binary message. Older clients send one message as JSON. Refuses a post with no message or more than
 * `maxMessages`.
 *
 * It makes one pass and creates no object for an empty line: a body may consist of a million of them.
 */
export function readPost(body: Buffer, contentType: string, maxMessages: number): Post | PostRefusal {
  // A WebSocket closes for invalid UTF-8, too. Decoding it would silently change the text.
  if (!isUtf8(body)) return { status: 400, error: 'invalid_message', message: 'The post is not valid UTF-8.' }
  if (!/^application\/x-ndjson\b/i.test(contentType))
    return { messages: [{ data: body, isBinary: false, wireBytes: body.length }], idleBytes: 0 }
  const messages: PostedMessage[] = []
  let idleBytes = 0
  let at = 0
  for (;;) {
    const start = nextLine(body, at)
    idleBytes += start - at
    if (start === body.length) break
    if (messages.length === maxMessages) return tooManyMessages(maxMessages)
    const next = body.indexOf(LINE_FEED, start)
    const end = next < 0 ? body.length : next
    const line = body.subarray(start, body[end - 1] === CARRIAGE_RETURN ? end - 1 : end)
    messages.push(messageOf(line))
    at = start + line.length
  }
  if (messages.length === 0)
    return { status: 400, error: 'invalid_message', message: 'The post contains no message.' }
  return { messages, idleBytes }
}

export function tooManyBytes(maxBodyBytes: number): PostRefusal {
  const message = `The post has more than ${maxBodyBytes} bytes (server option longPoll.maxBodyBytes).`
  return { status: 413, error: 'limit_exceeded', message }
}

function tooManyMessages(maxMessages: number): PostRefusal {
  const message = `The post has more than ${maxMessages} messages (server option longPoll.maxMessages).`
  return { status: 413, error: 'limit_exceeded', message }
}

/** Returns the start of the next line that is not empty, or the body's end. */
function nextLine(body: Buffer, from: number): number {
  let at = from
  while (body[at] === LINE_FEED || body[at] === CARRIAGE_RETURN) at++
  return at
}

function messageOf(line: Buffer): PostedMessage {
  const wireBytes = line.length
  return line[0] === BRACKET || line[0] === BRACE
    ? { data: line, isBinary: false, wireBytes }
    : { data: Buffer.from(line.toString('latin1'), 'base64'), isBinary: true, wireBytes }
}

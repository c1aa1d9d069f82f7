import type { IncomingMessage, ServerResponse } from 'node:http'
import { DATA_HEADERS } from '../io/security-headers'
import type { HandshakeRefusal } from '../io/wire'
import { type Logger, logFailure } from '../log'

/** Answers a request of its own that is no page: what it asks for, or why there is none. */
export function answerJson(
  { method }: Pick<IncomingMessage, 'method'>,
  response: ServerResponse,
  status: number,
  body: object,
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...DATA_HEADERS,
  })
  response.end(method === 'HEAD' ? undefined : text)
}

/** Refuses a request of which nothing more is read. `more` is in the body as well. */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { status, reason: error, message, retryAfterS }: HandshakeRefusal,
  more: object = {},
): void {
  response.setHeader('Connection', 'close')
  if (retryAfterS !== undefined) response.setHeader('Retry-After', retryAfterS)
  answerJson(request, response, status, { ...more, error, message })
}

/**
 * Does what answers a request, now or later. What it throws or rejects with is logged and answered with 500, or ends the
 * connection where an answer has begun: uncaught, it would end the process with everybody's connections. Never rejects.
 */
export async function contain(log: Logger, response: ServerResponse, answer: () => unknown): Promise<void> {
  try {
    await answer()
  } catch (error) {
    logFailure(log, error, {}, 'a request could not be answered')
    answerFailure(response)
  }
}

function answerFailure(response: ServerResponse): void {
  try {
    if (response.headersSent) return void response.destroy()
    // What was said for another answer is not true of this one.
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    // What is left of the request may never be read.
    response.setHeader('Connection', 'close')
    answerJson(response.req, response, 500, {
      error: 'request_failed',
      message: 'The server failed to answer this request.',
    })
  } catch {
    response.destroy()
  }
}

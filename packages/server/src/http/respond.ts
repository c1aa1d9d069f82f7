import type { IncomingMessage, ServerResponse } from 'node:http'
import { DATA_HEADERS } from '../io/security-headers'
import type { HandshakeRefusal } from '../io/wire'
import { type Logger, logFailure } from '../log'
import { leaveBody } from './unwanted-body'

/** Responds with JSON. */
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

/** Refuses a request and closes its connection. The fields of `more` are added to the body. */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { status, reason: error, message, retryAfterS }: HandshakeRefusal,
  more: object = {},
): void {
  response.setHeader('Connection', 'close')
  leaveBody(request, response)
  if (retryAfterS !== undefined) response.setHeader('Retry-After', retryAfterS)
  answerJson(request, response, status, { ...more, error, message })
}

/**
 * Runs a function that responds to a request. If it throws or rejects, the error is logged and the response is 500, or the
 * connection is closed if a response has begun. Uncaught, the error would end the process. Never rejects.
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
    // Headers set for the intended response do not fit this one.
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    // The rest of the request may never be read.
    response.setHeader('Connection', 'close')
    answerJson(response.req, response, 500, {
      error: 'request_failed',
      message: 'The server failed to answer this request.',
    })
  } catch {
    response.destroy()
  }
}

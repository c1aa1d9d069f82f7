import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HandshakeRefusal } from '../io/wire'
import { DATA_HEADERS } from './security-headers'

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

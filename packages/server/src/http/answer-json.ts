import type { IncomingMessage, ServerResponse } from 'node:http'

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
  })
  response.end(method === 'HEAD' ? undefined : text)
}

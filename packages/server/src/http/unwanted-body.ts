import type { IncomingMessage, ServerResponse } from 'node:http'

/*
 *   GET / with a body: response --Connection: close--> the end; the body stays unread
 *
 * After a response that keeps the connection, Node reads and drops the whole body, with one call for each chunk of it.
 */

/**
 * Call it before responding to a request whose body nobody reads. If it has one, the connection closes after the response,
 * and the server reads no more from it until then. (S-106)
 */
export function leaveBody(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request) || response.headersSent) return
  response.setHeader('Connection', 'close')
  // HTTP/2 has flow control per request, and refuses to pause the connection.
  if (request.httpVersionMajor < 2) request.socket.pause()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

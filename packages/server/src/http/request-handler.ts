import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { DEFAULT_PAGE_POLICY, pageHeaders } from '../io/security-headers'
import { answerJson } from './respond'
import { findFile, isHeld, type PageFile, type PageFiles } from './static-page'
import { leaveBody } from './unwanted-body'

/** The response at `/` to a program, as in Vix's presence example. */
export const WELCOME = {
  message: 'Presence example running',
  hint: 'Connect via WebSocket and send presence.join',
} as const

/** Whether a load balancer should send new clients to this server. */
export interface Readiness {
  /** Reasons why not; empty if it should. */
  readonly readiness: readonly string[]
  /** The error code of the store, such as `OOM`; null if there is none. */
  readonly storeErrorCode: string | null
}

/**
 * Answers plain HTTP requests:
 *
 * ```
 * GET /         the page to a browser (Accept: text/html), JSON to a program
 * GET /healthz  200 while the process serves
 * GET /readyz   200, or 503 and the reasons why this server should get no new clients
 * GET /socket/websocket  400: a proxy removed the upgrade, so that Phoenix's client falls back to long polling
 * GET /...      the page's other files; a Range header is ignored
 * ```
 */
export function createRequestHandler(
  files: PageFiles | null,
  readiness: Readiness = { readiness: [], storeErrorCode: null },
  policy: string | null = DEFAULT_PAGE_POLICY,
): RequestListener {
  const security = pageHeaders(policy)
  return (request, response) => {
    leaveBody(request, response)
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return answerJson(request, response, 405, {
        error: 'method_not_allowed',
        message: `The method ${request.method} is not supported here. Use GET or HEAD.`,
      })
    }
    if (path === '/healthz') return answerJson(request, response, 200, { status: 'ok' })
    if (path === '/readyz') return answerReadiness(request, response, readiness)
    if (path === '/socket/websocket') {
      const message =
        'This path accepts only WebSockets. Phoenix clients without WebSocket can poll /socket/longpoll.'
      return answerJson(request, response, 400, { error: 'no_websocket', message })
    }
    if (path === '/') {
      response.setHeader('Vary', 'Accept')
      if (!files || !wantsHtml(request)) return answerJson(request, response, 200, WELCOME)
    }
    const file = files && findFile(files, path)
    if (file) answerFile(request, response, file, security)
    else notFound(request, response)
  }
}

function answerReadiness(
  request: IncomingMessage,
  response: ServerResponse,
  { readiness: reasons, storeErrorCode }: Readiness,
): void {
  // A cached response could be out of date.
  response.setHeader('Cache-Control', 'no-store')
  if (reasons.length === 0) answerJson(request, response, 200, { status: 'ready' })
  else {
    const store = storeErrorCode === null ? {} : { store: storeErrorCode }
    answerJson(request, response, 503, { status: 'not_ready', reasons, ...store })
  }
}

function wantsHtml(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('text/html')
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  answerJson(request, response, 404, {
    error: 'not_found',
    message: 'Nothing is served at this path. WebSockets connect to /socket or /.',
  })
}

function answerFile(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  file: PageFile,
  security: Readonly<Record<string, string>>,
): void {
  if (isHeld(file, headers['if-none-match'])) {
    response.writeHead(304, { ETag: file.etag, ...security })
    response.end()
    return
  }
  response.writeHead(200, { ...file.headers, ...security })
  response.end(method === 'HEAD' ? undefined : file.body)
}

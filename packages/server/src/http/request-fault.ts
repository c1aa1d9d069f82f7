import type { IncomingMessage } from 'node:http'
import type { HandshakeRefusal } from '../io/wire'

/*
 *   HTTP/1.1 without Host, or with an Expect other than 100-continue --Node alone--> 400 or 417, and no `request`
 *                                                                    --here-------> counted as any request, then refused
 *
 * Node answers these by itself unless it is told not to. The limits of a server never see what Node answers.
 */

/**
 * Refuses a request that Node would answer by itself: a missing `Host` (RFC 9112, 3.2) or an expectation that nobody meets
 * (RFC 9110, 10.1.1). Returns null for any other request. (S-105)
 */
export function requestFault({ httpVersion, headers }: IncomingMessage): HandshakeRefusal | null {
  // HTTP/1.0 has neither header.
  if (httpVersion !== '1.1') return null
  if (headers.host === undefined) return NO_HOST
  const { expect } = headers
  return expect === undefined || expect.toLowerCase().includes('100-continue') ? null : UNMET
}

const NO_HOST: HandshakeRefusal = {
  status: 400,
  reason: 'no_host',
  message: 'The request has no Host header.',
}

const UNMET: HandshakeRefusal = {
  status: 417,
  reason: 'unknown_expectation',
  message: 'The server supports no Expect header other than 100-continue.',
}

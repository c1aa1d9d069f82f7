import type { IncomingMessage } from 'node:http'
import proxyaddr from 'proxy-addr'
import { ServerError } from '../errors'
import { type Logger, logFailure } from '../log'
import { plainAddress } from './address'

/*
 *   client 192.0.2.7 --> proxy 10.0.0.5 --> server     X-Forwarded-For: 192.0.2.7
 *
 * Each proxy appends the address that connected to it. A client can send such a header too, so an entry counts only if
 * the next one belongs to a trusted proxy (RFC 7239, 8.1). Trust only your proxies: a client whose own address is trusted
 * counts as unknown.
 */

/**
 * Says which addresses are trusted proxies: a list of addresses, networks (`10.0.0.0/8`) and the names `loopback`,
 * `linklocal` and `uniquelocal`, or a function that the server calls with each address, nearest first.
 */
export type TrustProxy = readonly string[] | ((address: string, hop: number) => boolean)

/**
 * The longest chain of proxies that the server follows. Without a bound, a client could write thousands of trusted
 * addresses into its header, and each would cost a comparison. (S-43)
 */
const MAX_PROXIES = 32

/** Finds the client's address of a request. */
export interface ClientAddress {
  /** Returns the client's address, or an empty string if it is unknown or every named address is a proxy. */
  (request: IncomingMessage): string
  /** Whether the peer of a TCP connection is a trusted proxy, which carries many clients. */
  isProxy(address: string): boolean
}

/** Throws `invalid_option` for an invalid address. A function that throws is logged, and its address is not trusted. */
export function clientAddress(trusted: TrustProxy | null, log: Logger): ClientAddress {
  const trust = trusted && (typeof trusted === 'function' ? contained(trusted, log) : compile(trusted))
  let isHinted = false
  const addressOf = (request: IncomingMessage): string => {
    if (trust) return clientBehindProxies(request, trust)
    if (!isHinted && request.headers['x-forwarded-for'] !== undefined) {
      isHinted = true
      log.warn(
        {},
        'a handshake came through a proxy, but trustProxy is not set: all clients behind the proxy share its address and its limits',
      )
    }
    return plainAddress(request.socket.remoteAddress ?? '')
  }
  const isProxy = (address: string) => trust?.(plainAddress(address), 0) === true
  return Object.assign(addressOf, { isProxy })
}

/**
 * Returns the nearest address that is not a trusted proxy, or an empty string if the nearest {@link MAX_PROXIES} are all
 * trusted. A proxy that sent no header has named no client, and its clients must not count as the proxy itself. (S-45)
 */
function clientBehindProxies(
  request: IncomingMessage,
  trust: (address: string, hop: number) => boolean,
): string {
  for (const [hop, address] of proxyaddr.all(request).slice(0, MAX_PROXIES).entries()) {
    const plain = plainAddress(address ?? '')
    if (plain === '' || !trust(plain, hop)) return plain
  }
  return ''
}

function contained(trusted: Exclude<TrustProxy, readonly string[]>, log: Logger): typeof trusted {
  return (address, hop) => {
    try {
      return trusted(address, hop) === true
    } catch (error) {
      logFailure(log, error, { address }, 'trustProxy failed')
      return false
    }
  }
}

function compile(addresses: readonly string[]): (address: string, hop: number) => boolean {
  try {
    return proxyaddr.compile([...addresses])
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ServerError(
      'invalid_option',
      `trustProxy needs addresses, networks such as 10.0.0.0/8, 'loopback', 'linklocal' or 'uniquelocal': ${why}.`,
      { cause },
    )
  }
}

import type { IncomingMessage } from 'node:http'
import proxyaddr from 'proxy-addr'
import { ServerError } from '../errors'
import { type Logger, logFailure } from '../log'
import { plainAddress } from './address'

/*
 *   client 192.0.2.7 --> proxy 10.0.0.5 --> server     X-Forwarded-For: 192.0.2.7
 *
 * A proxy adds the address that it was connected from. Whoever connects may have sent such a header itself, so that an
 * entry is believed only where the one after it is a proxy's that is trusted. (RFC 7239, 8.1) Name your proxies alone: a
 * client with an address that is trusted counts as unknown.
 */

/**
 * Which addresses are proxies: a list of addresses, of networks (`10.0.0.0/8`) and of the names `loopback`, `linklocal`
 * and `uniquelocal`, or a function that is asked of each, nearest first.
 */
export type TrustProxy = readonly string[] | ((address: string, hop: number) => boolean)

/**
 * Proxies in a row that are asked about. Nobody has so many, and a client may write thousands of addresses that are
 * trusted into its own header: each costs a comparison. (S-43)
 */
const MAX_PROXIES = 32

/** Tells who is at the far end of a request, and who is at the near one. */
export interface ClientAddress {
  /** Of the client, as far as proxies are trusted. Empty where it cannot be told, and where only proxies are named. */
  (request: IncomingMessage): string
  /** Whether the peer of a TCP connection is a proxy, which stands for many clients. */
  isProxy(address: string): boolean
}

/** Throws `invalid_option` for what is no address. A function that throws trusts nobody, and is logged. */
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
 * The nearest address that is no trusted proxy's. Empty where there is none among the nearest {@link MAX_PROXIES}: a proxy
 * whose header was dropped or that sets none has named nobody, and its clients must not count as the proxy, which is
 * trusted. (S-45)
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

import { ServerError } from '../errors'
import type { Mode } from '../io/mode'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'

/*
 *   no Origin            a program, which could send any: accepted, unless `Sec-Fetch-Site` names another site
 *   an Origin            the option decides; without the option, the mode does:
 *     development          any origin
 *     production           the host of the handshake
 *
 * A browser sends the page's origin with each handshake, and the page cannot change it. Without this check, any site that
 * a user visits could connect with the user's cookies.
 */

/** The origins whose pages may connect. See `allowedOrigins` in the server's options. */
export type AllowedOrigins = readonly string[] | ((origin: string, handshake: OriginHandshake) => boolean)

/** The part of a handshake that an `allowedOrigins` function receives. */
export type OriginHandshake = Pick<HandshakeRequest, 'headers' | 'path' | 'remoteAddress'>

/** A parsed origin such as `https://app.example.com:8443`. */
interface Origin {
  readonly scheme: string
  readonly host: string
  /** Empty for the scheme's default port. */
  readonly port: string
}

interface Pattern extends Origin {
  /** Whether it matches every subdomain of the host, and not the host itself. */
  readonly isWildcard: boolean
}

/** The origins that browsers send for pages without a site: a file, a sandboxed frame, an app's web view. */
const WITHOUT_SITE = new Set(['null', 'file://'])

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/
const USUAL_PORTS = new Map([
  ['http', '80'],
  ['https', '443'],
])

/** Checks the origin of handshakes. */
export class Origins {
  readonly #isListed: ((origin: string, handshake: OriginHandshake) => boolean) | null
  readonly #mode: () => Mode
  /** Whether the option contains `'*'`. */
  readonly #isOpen: boolean

  /** Throws `invalid_option` for an entry that is not an origin. */
  constructor(allowed: AllowedOrigins | null, mode: () => Mode) {
    this.#mode = mode
    this.#isListed = allowed && (typeof allowed === 'function' ? allowed : listed(allowed))
    this.#isOpen = Array.isArray(allowed) && allowed.includes('*')
  }

  /** Whether pages of every origin may connect. */
  get areAllAllowed(): boolean {
    return this.#isOpen || (this.#isListed === null && this.#mode() === 'development')
  }

  /** Whether the handshake's page or program may connect. */
  allows(handshake: OriginHandshake): boolean {
    if (this.areAllAllowed) return true
    const { origin, 'sec-fetch-site': site } = handshake.headers
    // An image request of another site carries no Origin, but it carries Sec-Fetch-Site (W3C Fetch Metadata).
    if (origin === undefined) return site !== 'cross-site' && site !== 'same-site'
    if (typeof origin !== 'string') return false
    return this.#isListed ? this.#isListed(origin, handshake) === true : isOwnHost(origin, handshake)
  }
}

export const ORIGIN_NOT_ALLOWED: HandshakeRefusal = {
  status: 403,
  reason: 'origin_not_allowed',
  message: 'Pages of this origin may not connect. Add the origin to the server option allowedOrigins.',
}

function listed(allowed: readonly string[]): (origin: string) => boolean {
  if (!Array.isArray(allowed))
    throw new ServerError('invalid_option', 'allowedOrigins must be a list of origins or a function.')
  // `null` must be listed explicitly: any site can load its page in a sandboxed frame, whose origin is `null`.
  const withoutSite = new Set(allowed.filter((each) => WITHOUT_SITE.has(each)))
  const patterns = allowed.filter((each) => each !== '*' && !WITHOUT_SITE.has(each)).map(patternOf)
  return (text) => {
    if (withoutSite.has(text)) return true
    const origin = originOf(text)
    return origin !== null && patterns.some((pattern) => fits(origin, pattern))
  }
}

function patternOf(text: string): Pattern {
  const isWildcard = String(text).includes('://*.')
  const origin = originOf(String(text).replace('://*.', '://'))
  if (origin) return { ...origin, isWildcard }
  throw new ServerError(
    'invalid_option',
    `allowedOrigins contains ${JSON.stringify(text)}, which is not an origin. Use a form such as 'https://app.example.com', 'https://*.example.com', 'file://', 'null' or '*'.`,
  )
}

function originOf(text: string): Origin | null {
  const [whole, scheme = '', host = '', port = ''] = ORIGIN.exec(text.toLowerCase()) ?? []
  if (whole === undefined) return null
  return { scheme, host, port: USUAL_PORTS.get(scheme) === port ? '' : port }
}

function fits(origin: Origin, { scheme, host, port, isWildcard }: Pattern): boolean {
  if (origin.scheme !== scheme || origin.port !== port) return false
  return isWildcard ? origin.host.endsWith(`.${host}`) : origin.host === host
}

function isOwnHost(text: string, { headers }: OriginHandshake): boolean {
  const { host } = headers
  const origin = originOf(text)
  if (!origin || typeof host !== 'string') return false
  // The scheme is not compared: a proxy may turn https into http.
  const own = originOf(`${origin.scheme}://${host}`)
  return own !== null && own.host === origin.host && own.port === origin.port
}

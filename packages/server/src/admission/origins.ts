import { ServerError } from '../errors'
import type { Mode } from '../io/mode'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'

/*
 *   no Origin            a program, which could say any: passes, unless a browser says that it is a page of another site
 *   an Origin            allowed by the option; without the option, by the mode:
 *     development          any
 *     production           the host that the handshake is for
 *
 * A browser tells with each handshake which site the page is of, and no page can change that. Without the check any
 * site that somebody visits could connect in their name, with their cookies.
 */

/** Which sites' pages may connect: see `allowedOrigins` in the server's options. */
export type AllowedOrigins = readonly string[] | ((origin: string, handshake: OriginHandshake) => boolean)

/** What of a handshake its origin is compared with. */
export type OriginHandshake = Pick<HandshakeRequest, 'headers' | 'path' | 'remoteAddress'>

/** An origin in its parts: `https://app.example.com:8443`. */
interface Origin {
  readonly scheme: string
  readonly host: string
  /** Empty for the scheme's usual one. */
  readonly port: string
}

interface Pattern extends Origin {
  /** Whether any name under the host is meant, rather than the host. */
  readonly isWildcard: boolean
}

/** What browsers say of a page without a site of its own: a file, a sandboxed frame, an app's web view. */
const WITHOUT_SITE = new Set(['null', 'file://'])

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/
const USUAL_PORTS = new Map([
  ['http', '80'],
  ['https', '443'],
])

/** The check of a handshake's origin. */
export class Origins {
  readonly #isListed: ((origin: string, handshake: OriginHandshake) => boolean) | null
  readonly #mode: () => Mode
  /** Whether any site is allowed, by name. */
  readonly #isOpen: boolean

  /** Throws `invalid_option` for what is no origin. */
  constructor(allowed: AllowedOrigins | null, mode: () => Mode) {
    this.#mode = mode
    this.#isListed = allowed && (typeof allowed === 'function' ? allowed : listed(allowed))
    this.#isOpen = Array.isArray(allowed) && allowed.includes('*')
  }

  /** Whether every site's pages may connect, so that it need not be told which. */
  get areAllAllowed(): boolean {
    return this.#isOpen || (this.#isListed === null && this.#mode() === 'development')
  }

  /** Whether a page of the site that the handshake names, or a program, may connect. */
  allows(handshake: OriginHandshake): boolean {
    if (this.areAllAllowed) return true
    const { origin, 'sec-fetch-site': site } = handshake.headers
    // A page that shows a URL as if it were a picture says no origin. (Fetch Metadata, W3C)
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
  // Allowed only by name: any site can put its page into a sandboxed frame, whose origin is `null` as well.
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
  // The scheme is not compared: in front of a proxy it is https, behind it http.
  const own = originOf(`${origin.scheme}://${host}`)
  return own !== null && own.host === origin.host && own.port === origin.port
}

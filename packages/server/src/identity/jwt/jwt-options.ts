import { checkOptions, type OptionsOf } from '../../check-options'
import { ServerError } from '../../errors'
import type { Clock } from '../../io/clock'
import { defaultLogger, type Logger } from '../../log'

/** HS256. Anyone who can check tokens with the secret can also create them. */
export interface JwtSecretOptions {
  /** At least 32 bytes; a string counts as UTF-8. */
  readonly secret: string | Uint8Array
  readonly publicKey?: never
  readonly jwksUrl?: never
}

/** A key as JSON (RFC 7517). Declared here, because its name differs between versions of `@types/node`. */
export interface JsonWebKey {
  readonly kty?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  readonly d?: string
  readonly use?: unknown
  readonly key_ops?: unknown
  readonly alg?: unknown
  readonly kid?: unknown
}

/** RS256 with an RSA key of at least 2048 bits, or ES256 with a P-256 key. */
export interface JwtPublicKeyOptions {
  /** PEM (`-----BEGIN PUBLIC KEY-----`) or a JWK. */
  readonly publicKey: string | JsonWebKey
  readonly secret?: never
  readonly jwksUrl?: never
}

/** RS256 and ES256 with the keys that an issuer publishes. The server fetches them with the first token and caches them. */
export interface JwtJwksOptions {
  /** `https:`, or `http:` on a loopback address. Redirects are not followed. */
  readonly jwksUrl: string | URL
  /** Timeout of one fetch, in milliseconds. @default 5000 */
  readonly jwksTimeoutMs?: number
  /** Age at which the server fetches the keys again, in milliseconds. @default 600000 */
  readonly jwksMaxAgeMs?: number
  /** Shortest time between a fetch and another one for an unknown key, in milliseconds. @default 30000 */
  readonly jwksCooldownMs?: number
  /** Measures the pause after a failed fetch. For tests. @default systemClock */
  readonly clock?: Clock
  readonly secret?: never
  readonly publicKey?: never
}

export interface JwtCommonOptions {
  /** Accepted issuers (claim `iss`). @default any */
  readonly issuer?: string | readonly string[]
  /** Accepted audiences (claim `aud`). @default any */
  readonly audience?: string | readonly string[]
  /** Tolerated difference between the issuer's clock and this one, in seconds. @default 5 */
  readonly clockToleranceSeconds?: number
  /** The claim that becomes the identity's `id`. Its value must be a non-empty string. @default 'sub' */
  readonly identityClaim?: string
  /**
   * The connect param that may carry the token; null for none. Proxies log URLs, so use the header or the client's
   * `authToken` if you can. @default 'token'
   */
  readonly tokenParam?: string | null
  /** Logs why tokens are refused (debug) and why a fetch of keys failed (warn), never the token. @default as the server's */
  readonly logger?: Logger
  /** The time of day in Unix milliseconds, for tests. @default the system's */
  readonly currentTimeMs?: () => number
}

/** Options of {@link jwtAuthenticate}: a shared secret, a public key, or the URL of an issuer's keys. */
export type JwtOptions = JwtCommonOptions & (JwtSecretOptions | JwtPublicKeyOptions | JwtJwksOptions)

/** The resolved options that do not concern keys. */
export interface ResolvedJwtChecks {
  readonly issuer: readonly string[] | null
  readonly audience: readonly string[] | null
  readonly clockToleranceSeconds: number
  readonly identityClaim: string
  readonly tokenParam: string | null
  readonly logger: Logger
  readonly currentTimeMs: (() => number) | null
}

/** The options of every kind of key. */
type AnyJwtOptions = JwtCommonOptions &
  Omit<JwtSecretOptions, 'publicKey' | 'jwksUrl'> &
  Omit<JwtPublicKeyOptions, 'secret' | 'jwksUrl'> &
  Omit<JwtJwksOptions, 'secret' | 'publicKey'>

const JWT_OPTION_TYPES: OptionsOf<AnyJwtOptions> = {
  secret: ['string', 'object'],
  // JSON Web Keys have names of their own.
  publicKey: ['string', 'object'],
  jwksUrl: ['string', 'object'],
  jwksTimeoutMs: 'number',
  jwksMaxAgeMs: 'number',
  jwksCooldownMs: 'number',
  clock: 'object',
  issuer: ['string', 'list'],
  audience: ['string', 'list'],
  clockToleranceSeconds: 'number',
  identityClaim: 'string',
  tokenParam: ['string', 'null'],
  logger: 'object',
  currentTimeMs: 'function',
}

/** Fills in the defaults. Throws `invalid_option` for invalid values. */
export function resolveJwtChecks(options: JwtOptions): ResolvedJwtChecks {
  checkOptions('jwtAuthenticate: ', options, JWT_OPTION_TYPES)
  const resolved: ResolvedJwtChecks = {
    issuer: namesOfOptions('issuer', options.issuer),
    audience: namesOfOptions('audience', options.audience),
    clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
    identityClaim: options.identityClaim ?? 'sub',
    tokenParam: options.tokenParam === undefined ? 'token' : options.tokenParam,
    logger: options.logger ?? defaultLogger(),
    currentTimeMs: options.currentTimeMs ?? null,
  }
  const { clockToleranceSeconds: tolerance, identityClaim, tokenParam } = resolved
  if (!Number.isFinite(tolerance) || tolerance < 0) {
    throw new ServerError(
      'invalid_option',
      `clockToleranceSeconds must be a number of seconds of at least 0, not ${tolerance}.`,
    )
  }
  if (identityClaim === '') throw new ServerError('invalid_option', 'identityClaim is empty. Name a claim.')
  if (tokenParam === '')
    throw new ServerError(
      'invalid_option',
      'tokenParam is empty. Name a connect param, or pass null for none.',
    )
  return resolved
}

/** Refuses an empty name: it usually comes from an unset environment variable. */
function namesOfOptions(
  option: string,
  value: string | readonly string[] | undefined,
): readonly string[] | null {
  if (value === undefined) return null
  const names = typeof value === 'string' ? [value] : [...value]
  if (names.length > 0 && names.every((name) => typeof name === 'string' && name !== '')) return names
  throw new ServerError(
    'invalid_option',
    `${option} must be a non-empty string, or a list of non-empty strings.`,
  )
}

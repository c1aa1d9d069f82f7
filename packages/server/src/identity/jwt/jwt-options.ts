import { checkOptions, type OptionsOf } from '../../check-options'
import { ServerError } from '../../errors'
import type { Clock } from '../../io/clock'
import { defaultLogger, type Logger } from '../../log'

/** HS256: whoever can check a token with it can also make one. */
export interface JwtSecretOptions {
  /** 32 bytes at least; of a string, its bytes in UTF-8. */
  readonly secret: string | Uint8Array
  readonly publicKey?: never
  readonly jwksUrl?: never
}

/** A key as JSON (RFC 7517). Declared here, since its name in `@types/node` differs from version to version. */
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

/** RS256 with an RSA key of 2048 bits at least, ES256 with one of the curve P-256. */
export interface JwtPublicKeyOptions {
  /** PEM (`-----BEGIN PUBLIC KEY-----`) or a JWK. */
  readonly publicKey: string | JsonWebKey
  readonly secret?: never
  readonly jwksUrl?: never
}

/** RS256 and ES256, by the keys that an issuer publishes. They are fetched when the first token comes, and kept. */
export interface JwtJwksOptions {
  /** `https:`, or `http:` on a loopback address. Redirects are not followed. */
  readonly jwksUrl: string | URL
  /** Time that the whole answer has, in milliseconds. @default 5000 */
  readonly jwksTimeoutMs?: number
  /** Time after which the keys are fetched anew before they are used, in milliseconds. @default 600000 */
  readonly jwksMaxAgeMs?: number
  /** Least time between keys that were fetched and a fetch for a key that is not among them. @default 30000 */
  readonly jwksCooldownMs?: number
  /** What the pause after a failed fetch is measured with, for tests. @default systemClock */
  readonly clock?: Clock
  readonly secret?: never
  readonly publicKey?: never
}

export interface JwtCommonOptions {
  /** Who must have made the token (`iss`); one of these, if several. @default anybody with the key */
  readonly issuer?: string | readonly string[]
  /** Whom the token must be for (`aud`); one of these, if several. @default anybody */
  readonly audience?: string | readonly string[]
  /** How far the issuer's clock may be from this one, in seconds. @default 5 */
  readonly clockToleranceSeconds?: number
  /** The claim that is the identity's `id`; its value must be a string, and not empty. @default 'sub' */
  readonly identityClaim?: string
  /**
   * The connect param that may carry the token, for clients that can send it in no other way; null for none. Addresses
   * end up in the logs of proxies: prefer the header, or `authToken`. @default 'token'
   */
  readonly tokenParam?: string | null
  /** Told why tokens are refused (debug) and keys cannot be had (warn), without either. @default as the server's */
  readonly logger?: Logger
  /** The time of day in Unix milliseconds, for tests. @default the system's */
  readonly currentTimeMs?: () => number
}

/** How tokens are checked: by a shared secret, a public key, or the keys that an issuer publishes. */
export type JwtOptions = JwtCommonOptions & (JwtSecretOptions | JwtPublicKeyOptions | JwtJwksOptions)

/** What of the options has nothing to do with keys. */
export interface ResolvedJwtChecks {
  readonly issuer: readonly string[] | null
  readonly audience: readonly string[] | null
  readonly clockToleranceSeconds: number
  readonly identityClaim: string
  readonly tokenParam: string | null
  readonly logger: Logger
  readonly currentTimeMs: (() => number) | null
}

/** All of them, whichever kind of key it is. */
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

/** Fills in the defaults. Throws `invalid_option` for what could never work. */
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

/** An empty name is a variable that was not set, and would match a claim that nobody meant. */
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

import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import { ServerError } from '../../errors'
import type { HandshakeRequest } from '../../io/wire'
import { type Authenticate, HandshakeError, type Identity } from '../identity'
import { type FixedKey, publicKey, secretKey } from './fixed-key'
import { type JwtOptions, type ResolvedJwtChecks, resolveJwtChecks } from './jwt-options'
import { KeysUnavailable, remoteKeys } from './remote-keys'

/*
 * The refusals that a client sees. A client whose token has no valid signature learns only that; details go only to
 * clients with a properly signed token. These errors have no cause, because jose's errors contain the token's claims, which
 * would then appear in logs.
 */

export function tokenMissing(): HandshakeError {
  return new HandshakeError(
    401,
    'A token is required. Send it as "Authorization: Bearer …" or as the client\'s authToken.',
    'token_missing',
  )
}

export function tokenInvalid(
  message = 'The token is not valid. It must be an unchanged JWT, signed by an issuer that this server trusts.',
): HandshakeError {
  return new HandshakeError(401, message, 'token_invalid')
}

/** Converts an error of a token check to a refusal. Returns null if neither the token nor its keys are at fault. */
export function tokenRefusal(error: unknown): HandshakeError | null {
  if (error instanceof HandshakeError) return error
  if (error instanceof KeysUnavailable) {
    return new HandshakeError(
      503,
      'The server cannot check tokens at the moment. Try again later.',
      'keys_unavailable',
    )
  }
  if (error instanceof errors.JWTExpired) {
    return new HandshakeError(401, 'The token has expired. Get a new one and reconnect.', 'token_expired')
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error
    if (claim === 'iss' || claim === 'aud') {
      return new HandshakeError(
        403,
        `The token is for another service or from another issuer: its claim "${claim}" does not match.`,
        'token_not_for_us',
      )
    }
    if (claim === 'nbf' && reason === 'check_failed')
      return tokenInvalid('The token is not valid yet: its claim "nbf" lies in the future.')
    return tokenInvalid(`The token's claim "${claim}" is not valid.`)
  }
  return error instanceof errors.JOSEError ? tokenInvalid() : null
}

/*
 *  handshake -> token -> shape -> key, by its kind -> signature -> exp, nbf, iss, aud -> Identity
 *                 |        |       |                    |                  |
 *                401      401    401, 503              401              401, 403
 */

/**
 * Creates an `authenticate` that checks signed tokens (JWT). The kind of key determines the algorithm, never the token:
 * HS256 for a secret, RS256 or ES256 for a public key and for the keys at `jwksUrl`.
 *
 * The identity's `id` is the claim `sub`, unless `identityClaim` names another one; its `claims` are all claims of the
 * token; its `expiresAtMs` is the token's expiry plus the tolerance. It refuses with 401 (`token_missing`,
 * `token_expired`, `token_invalid`), 403 (`token_not_for_us`: issuer or audience) and 503 (`keys_unavailable`).
 * Throws a `ServerError` (`invalid_option`) for options that cannot work or are not safe.
 *
 * @example
 * const server = createServer({
 *   authenticate: jwtAuthenticate({
 *     jwksUrl: 'https://login.example.com/.well-known/jwks.json',
 *     issuer: 'https://login.example.com/',
 *     audience: 'chat',
 *   }),
 * })
 */
export function jwtAuthenticate(options: JwtOptions): Authenticate {
  const checks = resolveJwtChecks(options)
  const verify = verifier(options, checks)
  return async (request) => {
    const token = tokenOf(request, checks.tokenParam)
    if (token === '') throw tokenMissing()
    if (!isCompact(token)) throw tokenInvalid()
    try {
      return identityOf(await verify(token), checks)
    } catch (error) {
      const refusal = tokenRefusal(error)
      checks.logger.debug(
        { reason: refusal?.reason, code: codeOf(error), remoteAddress: request.remoteAddress },
        'a token was not taken',
      )
      throw refusal ?? error
    }
  }
}

function verifier(
  options: JwtOptions,
  { issuer, audience, clockToleranceSeconds, currentTimeMs, logger }: ResolvedJwtChecks,
): (token: string) => Promise<JWTPayload> {
  const terms = (algorithms: string[]): JWTVerifyOptions => ({
    algorithms,
    clockTolerance: clockToleranceSeconds,
    ...(issuer ? { issuer: [...issuer] } : {}),
    ...(audience ? { audience: [...audience] } : {}),
    ...(currentTimeMs ? { currentDate: new Date(currentTimeMs()) } : {}),
  })
  const source = keySource(options, logger)
  if (typeof source === 'function') {
    return async (token) => (await jwtVerify(token, source, terms(['RS256', 'ES256']))).payload
  }
  return async (token) => (await jwtVerify(token, source.key, terms([source.algorithm]))).payload
}

function keySource(options: JwtOptions, log: ResolvedJwtChecks['logger']): FixedKey | JWTVerifyGetKey {
  const keys = [options.secret, options.publicKey, options.jwksUrl].filter((value) => value !== undefined)
  if (keys.length !== 1) {
    throw new ServerError(
      'invalid_option',
      `jwtAuthenticate takes exactly one of secret, publicKey and jwksUrl, but got ${keys.length}.`,
    )
  }
  if (options.secret !== undefined) return secretKey(options.secret)
  if (options.publicKey !== undefined) return publicKey(options.publicKey)
  return remoteKeys(options, log)
}

function tokenOf({ token, params }: HandshakeRequest, tokenParam: string | null): string {
  if (token) return token
  return (tokenParam === null ? undefined : params.get(tokenParam)) ?? ''
}

/**
 * Whether the token is three parts of base64url with a canonical signature. Decoders ignore some bits of the last
 * character, so without this check one token would have several spellings.
 */
function isCompact(token: string): boolean {
  const [, signature] = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token) ?? []
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature
}

function identityOf(
  claims: JWTPayload,
  { identityClaim, clockToleranceSeconds }: ResolvedJwtChecks,
): Identity {
  const id = Object.hasOwn(claims, identityClaim) ? claims[identityClaim] : undefined
  if (typeof id !== 'string' || id === '') {
    throw tokenInvalid(
      `The token names no identity: its claim "${identityClaim}" must be a non-empty string.`,
    )
  }
  const expiresAtMs = ((claims.exp ?? Number.POSITIVE_INFINITY) + clockToleranceSeconds) * 1000
  return Number.isFinite(expiresAtMs) ? { id, claims, expiresAtMs } : { id, claims }
}

function codeOf(error: unknown): string {
  return error instanceof errors.JOSEError ? error.code : error instanceof Error ? error.name : 'unknown'
}

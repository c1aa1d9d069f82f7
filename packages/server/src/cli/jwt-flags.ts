import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { ServerError } from '../errors'
import type { Authenticate } from '../identity/identity'
import { jwtAuthenticate } from '../identity/jwt/jwt-authenticate'
import type { JwtOptions } from '../identity/jwt/jwt-options'
import type { Logger } from '../log'

/** The flags of `rollcall serve` for tokens. {@link addJwtFlags} allows at most one kind of key. */
export interface JwtFlags {
  readonly jwtSecret?: string
  readonly jwksUrl?: string
  /** Path of a file. */
  readonly jwtPublicKey?: string
  readonly jwtIssuer?: string
  readonly jwtAudience?: string
}

/** It must not have a parser: commander quotes a value that a parser refuses, and this value is a secret. */
export function secretFlag(): Option {
  return new Option('--jwt-secret <secret>', 'secret of the tokens (HS256), 32 bytes or more').env(
    'ROLLCALL_JWT_SECRET',
  )
}

/** Adds the flags for tokens, and returns the command. */
export function addJwtFlags(command: Command): Command {
  return command
    .addOption(secretFlag().conflicts(['jwksUrl', 'jwtPublicKey', 'allowAnonymous']))
    .addOption(
      new Option('--jwks-url <url>', "URL of the issuer's keys (RS256, ES256)").conflicts([
        'jwtPublicKey',
        'allowAnonymous',
      ]),
    )
    .addOption(
      new Option(
        '--jwt-public-key <file>',
        "the issuer's public key (RS256, ES256), as PEM or a JWK",
      ).conflicts('allowAnonymous'),
    )
    .option('--jwt-issuer <issuer>', 'issuer that tokens must name (iss)')
    .option('--jwt-audience <audience>', 'audience that tokens must name (aud)')
}

/**
 * Creates the `authenticate` of the flags, or returns null without any. Throws `invalid_option` for an invalid key, and for
 * an issuer or an audience without a key.
 */
export function authenticateByFlags(flags: JwtFlags, logger: Logger): Authenticate | null {
  const { jwtIssuer, jwtAudience } = flags
  const key = keyOf(flags)
  if (!key) {
    if (jwtIssuer === undefined && jwtAudience === undefined) return null
    const flag = jwtIssuer === undefined ? '--jwt-audience' : '--jwt-issuer'
    throw new ServerError(
      'invalid_option',
      `${flag} has no effect without a key: add --jwt-secret, --jwks-url or --jwt-public-key.`,
    )
  }
  if (key.secret === undefined && jwtAudience === undefined) {
    logger.warn(
      {},
      'without --jwt-audience the server also accepts tokens that the issuer made for other services',
    )
  }
  return jwtAuthenticate({
    ...key,
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
    logger,
  })
}

function keyOf({ jwtSecret, jwksUrl, jwtPublicKey }: JwtFlags): JwtOptions | null {
  if (jwtSecret !== undefined) return { secret: jwtSecret }
  if (jwksUrl !== undefined) return { jwksUrl }
  return jwtPublicKey === undefined ? null : { publicKey: readKey(jwtPublicKey) }
}

function readKey(file: string): NonNullable<JwtOptions['publicKey']> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ServerError('invalid_option', `--jwt-public-key cannot be read: ${why}.`, { cause })
  }
  if (!text.trimStart().startsWith('{')) return text
  try {
    return JSON.parse(text)
  } catch {
    throw new ServerError('invalid_option', `--jwt-public-key: ${file} is neither PEM nor JSON.`)
  }
}

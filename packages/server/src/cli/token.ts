import { type Command, InvalidArgumentError, Option } from 'commander'
import { ServerError } from '../errors'
import { signToken } from '../identity/jwt/fixed-key'
import { secretFlag } from './jwt-flags'

interface TokenFlags {
  readonly jwtSecret?: string
  readonly id: string
  readonly claim?: ReadonlyMap<string, unknown>
  readonly jwtIssuer?: string
  readonly jwtAudience?: string
  /** Seconds. */
  readonly expiresIn: number
}

/** Adds `rollcall token`, which prints a token for development, and nothing else, to standard output. */
export function addToken(program: Command): void {
  program
    .command('token')
    .description('Create a token for development, for a server with the same secret.')
    .addOption(secretFlag())
    .requiredOption('--id <id>', 'user id (sub), which becomes the presence key', readId)
    .addOption(
      new Option('--claim <claims...>', 'further claims: name=text, or name:=json for other types').argParser(
        addClaim,
      ),
    )
    .option('--jwt-issuer <issuer>', 'issuer (iss)')
    .option('--jwt-audience <audience>', 'audience (aud)')
    .addOption(
      new Option('--expires-in <time>', 'lifetime: 90s, 15m, 1h, 7d')
        .default(3600, '1h')
        .argParser(readSeconds),
    )
    .action(printToken)
}

async function printToken(flags: TokenFlags): Promise<void> {
  const { jwtSecret, id, claim = new Map(), expiresIn, jwtIssuer, jwtAudience } = flags
  if (jwtSecret === undefined) {
    throw new ServerError(
      'invalid_option',
      "A secret is required to sign the token. Pass the server's secret as --jwt-secret or in ROLLCALL_JWT_SECRET.",
    )
  }
  const issuedAt = Math.floor(Date.now() / 1000)
  const token = await signToken(jwtSecret, {
    id,
    claims: claim,
    issuedAt,
    expiresAt: issuedAt + expiresIn,
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
  })
  process.stdout.write(`${token}\n`)
}

function readId(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

/** Claims that another flag or the clock sets. */
const SETTERS = new Map([
  ['sub', '--id'],
  ['iat', 'the clock'],
  ['exp', '--expires-in'],
  ['iss', '--jwt-issuer'],
  ['aud', '--jwt-audience'],
])

function addClaim(text: string, claims: ReadonlyMap<string, unknown> = new Map()): Map<string, unknown> {
  const [, name = '', operator, value = ''] = /^([^=]+?)(:?=)(.*)$/s.exec(text) ?? []
  if (operator === undefined) throw new InvalidArgumentError('It must be name=text or name:=json.')
  const setter = SETTERS.get(name)
  if (setter !== undefined) throw new InvalidArgumentError(`"${name}" is set by ${setter}.`)
  return new Map(claims).set(name, operator === '=' ? value : readJson(value))
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('What follows := must be JSON; use = for text.')
  }
}

const SECONDS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
])

function readSeconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (SECONDS.get(unit) ?? 0)
  if (seconds > 0) return seconds
  throw new InvalidArgumentError('It must be a number above 0 and a unit: 90s, 15m, 1h or 7d.')
}

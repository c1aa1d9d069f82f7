import { type Command, InvalidArgumentError, Option } from 'commander'
import { ServerError } from '../errors'
import type { ServerOptions } from '../options'

/** The flags of `rollcall serve` for admission control. */
export interface AdmissionFlags {
  readonly allowOrigin?: readonly string[]
  readonly trustProxy?: readonly string[]
  readonly maxConnections?: number
  readonly maxPerAddress?: number
}

/** Adds the flags for admission control, and returns the command. */
export function addAdmissionFlags(command: Command): Command {
  return command
    .option(
      '--allow-origin <origin...>',
      "origins whose pages may connect: https://app.example.com, 'https://*.example.com' or '*'",
    )
    .addOption(
      new Option(
        '--trust-proxy <addresses>',
        'proxies whose X-Forwarded-For the server believes: addresses, networks or loopback, separated by commas',
      ).argParser((text) => text.split(',').map((address) => address.trim())),
    )
    .addOption(new Option('--max-connections <number>', 'most connections at a time').argParser(readCount))
    .addOption(
      new Option('--max-per-address <number>', 'most connections of one address at a time').argParser(
        readCount,
      ),
    )
}

/** Converts the flags to server options. */
export function admissionOptionsOf(
  flags: AdmissionFlags,
): Pick<ServerOptions, 'allowedOrigins' | 'trustProxy' | 'admission'> {
  const { allowOrigin, trustProxy, maxConnections, maxPerAddress } = flags
  return {
    ...(allowOrigin === undefined ? {} : { allowedOrigins: allowOrigin }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    admission: {
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(maxPerAddress === undefined ? {} : { maxPerAddress }),
    },
  }
}

function readCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/**
 * Throws `invalid_option` for an empty flag or environment variable: `HOST=` would listen on every address, and
 * `REDIS_URL=` would run without Redis.
 */
export function refuseEmpty(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName()
    const value: unknown = command.getOptionValue(name)
    const isEmpty = isBlank(value) || (Array.isArray(value) && value.some(isBlank))
    if (!isEmpty) continue
    const isFromEnvironment = command.getOptionValueSource(name) === 'env'
    const where = isFromEnvironment ? `The environment variable ${option.envVar}` : option.long
    const instead = isFromEnvironment ? 'unset it' : 'leave it out'
    throw new ServerError('invalid_option', `${where} is empty: give it a value, or ${instead}.`)
  }
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === ''
}

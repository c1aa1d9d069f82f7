import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ServerOptions } from '../options'

/** What `rollcall serve` is told of who may connect. */
export interface DoorFlags {
  readonly allowOrigin?: readonly string[]
  readonly trustProxy?: readonly string[]
  readonly maxConnections?: number
  readonly maxPerAddress?: number
}

/** Adds the flags that say who may connect, and how many, and returns the command. */
export function addDoorFlags(command: Command): Command {
  return command
    .option(
      '--allow-origin <origin...>',
      "sites whose pages may connect: https://app.example.com, 'https://*.example.com' or '*'",
    )
    .addOption(
      new Option(
        '--trust-proxy <addresses>',
        'proxies whose X-Forwarded-For is believed: addresses, networks or loopback, with commas between',
      ).argParser((text) => text.split(',').map((address) => address.trim())),
    )
    .addOption(new Option('--max-connections <number>', 'connections at a time').argParser(readCount))
    .addOption(
      new Option('--max-per-address <number>', 'connections of one address at a time').argParser(readCount),
    )
}

/** The options of the server that the flags stand for. */
export function doorByFlags(
  flags: DoorFlags,
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

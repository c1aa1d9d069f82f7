import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import pretty from 'pino-pretty'
import { LONGEST_DELAY_MS } from '../io/clock'
import { ignoreErrors } from '../io/late-errors'
import { type Logger, logFailure, standardError } from '../log'
import { createServer } from '../server'
import { type AdmissionFlags, addAdmissionFlags, admissionOptionsOf } from './admission-flags'
import { addJwtFlags, authenticateByFlags, type JwtFlags } from './jwt-flags'
import { addRedisFlags, type RedisFlags, storeByFlags } from './redis-flags'

/** Returns the folder of the demo page, or null if the package was built without it. */
export function demoPage(): string | null {
  const folder = fileURLToPath(new URL('./demo', import.meta.url))
  return existsSync(folder) ? folder : null
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Logs to standard error: readable lines in a terminal, JSON otherwise. */
export function cliLogger(level: LogLevel): Logger {
  if (!process.stderr.isTTY) return pino({ level }, standardError())
  return pino(
    { level },
    pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
  )
}

interface ServeFlags extends JwtFlags, RedisFlags, AdmissionFlags {
  readonly port: number
  readonly host: string
  readonly allowAnonymous: boolean
  readonly logLevel: LogLevel
  readonly demo: boolean
  readonly drainMs: number
}

/** Adds `rollcall serve`: the reference server, whose channel accepts every topic. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description(
      'Serve presence: native, Phoenix and zzz clients at /socket, Vix clients at /, the demo to browsers.',
    )
    .addOption(
      new Option('--port <number>', 'port to listen on, 0 for any free one')
        .env('PORT')
        .default(9090)
        .argParser(readPort),
    )
    .addOption(
      new Option('--host <address>', 'address to listen on')
        .env('HOST')
        .default('127.0.0.1')
        .argParser(readHost),
    )
    .option('--allow-anonymous', 'in production, accept guests: clients without credentials', false)
    .addOption(
      new Option('--drain-ms <number>', 'on SIGTERM, milliseconds over which to close the connections')
        .default(5000)
        .argParser(readDrainMs),
    )
    .option('--no-demo', 'do not serve the demo page: answer browsers with JSON')
    .addOption(new Option('--log-level <level>', 'lowest level to log').choices(LOG_LEVELS).default('info'))
  addRedisFlags(addAdmissionFlags(addJwtFlags(command))).action(serve)
}

async function serve(flags: ServeFlags): Promise<void> {
  const { port, host, allowAnonymous, logLevel, demo, drainMs } = flags
  const page = demo ? demoPage() : null
  const logger = cliLogger(logLevel)
  const authenticate = authenticateByFlags(flags, logger)
  const store = storeByFlags(flags, logger)
  const server = createServer({
    port,
    host,
    allowAnonymous,
    logger,
    ...admissionOptionsOf(flags),
    ...(page === null ? {} : { page }),
    ...(authenticate ? { authenticate } : {}),
    ...(store ? { store } : {}),
  })
  const address = await server.listen()
  const at =
    address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
  const lines = [
    `Rollcall serves on http://${at}/ (${server.mode} mode)`,
    ...(page ? [`  demo     http://${at}/`] : []),
    `  native   ws://${at}/socket  (subprotocol rollcall.v1)`,
    `  zzz      ws://${at}/socket  (no subprotocol)`,
    `  Phoenix  ws://${at}/socket/websocket`,
    `  Vix      ws://${at}/`,
    'Ctrl-C stops it.',
  ]
  // The server must run even if its output is closed or its disk is full.
  ignoreErrors(process.stdout).write(`${lines.join('\n')}\n`)

  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    // A second signal exits at once.
    if (isStopping) process.exit(130)
    isStopping = true
    logger.info({ signal, connections: server.connectionCount }, 'closing')
    // SIGTERM comes from a deployment, where draining helps the other servers; Ctrl-C should be quick.
    const drained = signal === 'SIGTERM' ? server.drain({ overMs: drainMs }) : Promise.resolve()
    void drained
      .then(() => server.close())
      .then(() => store?.close())
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        logFailure(logger, error, {}, 'closing the server failed')
        process.exit(1)
      })
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function readHost(text: string): string {
  // `refuseEmpty` reports an empty value.
  if (/^[A-Za-z0-9._:%-]*$/.test(text) || text.trim() === '') return text
  throw new InvalidArgumentError(
    'It must be a name or an address, such as 127.0.0.1, ::1 or 0.0.0.0, without a port.',
  )
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

function readDrainMs(text: string): number {
  const drainMs = Number(text)
  if (/^\d+$/.test(text) && drainMs <= LONGEST_DELAY_MS) return drainMs
  throw new InvalidArgumentError(`It must be a whole number of milliseconds, at most ${LONGEST_DELAY_MS}.`)
}

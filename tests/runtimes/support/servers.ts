import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeCommand } from '../../../scripts/lib/runtimes.mjs'
import { type StartedProgram, startProgram } from '../../hostile/support/started-program'
import type { RedisServer } from '../../redis/support/redis-server'
import type { ServerSetUp } from '../programs/server.mts'

export const JWT_SECRET = 'a secret of the runtimes ring, of more than 32 bytes'
export const BOTS = 1000
/** Of the first of the two servers over Redis. */
export const HEARTBEAT = { pingIntervalMs: 400, pongTimeoutMs: 400 }
export const GRACE_MS = 600
export const HARD_LIMIT_BYTES = 300_000
export const STRICT = { headersTimeoutMs: 500, maxPendingPerAddress: 8, maxPerAddress: 3 }

const beside = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
export const CERTIFICATE = beside('localhost.crt')

/** A server on the runtime under test, in a process of its own. */
export class RuntimeServer {
  readonly port: number
  readonly #program: StartedProgram

  constructor(program: StartedProgram) {
    this.#program = program
    this.port = program.port
  }

  /** Lines of standard error in which it complains. */
  get complaints(): readonly string[] {
    return this.#program
      .said()
      .split('\n')
      .filter((line) => /^error:|"level":50|Uncaught|unhandled/i.test(line))
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.#program.child
    return exitCode === null && signalCode === null
  }

  /** Asks it to close; resolves with its exit code. */
  async close(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const { child } = this.#program
    if (this.isRunning) {
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    }
    return child.exitCode
  }
}

async function start(runtime: string, application: string, args: readonly string[]): Promise<RuntimeServer> {
  const [program = '', ...flags] = runtimeCommand(runtime)
  const command = [join(application, args[0] ?? ''), ...args.slice(1)]
  const env = { ...process.env, NODE_ENV: '' }
  return new RuntimeServer(await startProgram(command, env, [program, ...flags]))
}

const CLI = 'node_modules/@rollcall/server/dist/cli.js'

/** The servers that the suite talks to, each set up for another part of it. */
export async function startServers(runtime: string, application: string, redisUrl: string) {
  const program = (setUp: ServerSetUp) => start(runtime, application, ['server.mjs', JSON.stringify(setUp)])
  const redis = { connection: redisUrl }
  const common = { closeTimeoutMs: 300, flush: { ceilingMs: 50 } }
  const [open, strict, attached, one, other, command] = await Promise.all([
    program({
      bots: BOTS,
      options: {
        ...common,
        grace: { graceMs: GRACE_MS, pageGraceMs: GRACE_MS },
        outbox: { softLimitBytes: 65_536, hardLimitBytes: HARD_LIMIT_BYTES },
        longPoll: { windowMs: 1000 },
        rates: { messages: false, bytes: false },
      },
    }),
    program({
      jwtSecret: JWT_SECRET,
      options: {
        ...common,
        mode: 'production',
        allowedOrigins: ['https://app.example.com'],
        admission: { maxPerAddress: STRICT.maxPerAddress, maxPendingPerAddress: STRICT.maxPendingPerAddress },
        http: { headersTimeoutMs: STRICT.headersTimeoutMs },
      },
    }),
    program({ tls: { cert: CERTIFICATE, key: beside('localhost.key') }, options: common }),
    program({ redis, options: { ...common, heartbeat: HEARTBEAT } }),
    program({ redis, options: common }),
    start(runtime, application, [CLI, 'serve', '--port', '0']),
  ])
  return { open, strict, attached, one, other, command }
}

export type Servers = Awaited<ReturnType<typeof startServers>>

/** What the checks are given: servers, and what stands beside them. */
export type Given = () => Servers & {
  readonly runtime: string
  readonly redis: RedisServer
  readonly application: string
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../../scripts/lib/free-port.mjs'
import { searchPath } from '../../../scripts/lib/search-path.mjs'
import type { Certificates } from './certificates'

/** Looks, 20 ms apart, after which a server that does not answer counts as not starting. */
const MAX_LOOKS = 500
/** Ports that are tried: the one that was free may not be by the time that a server begins. */
const MAX_PORTS = 5

const freePorts = async () => ({ port: await freePort(), tlsPort: await freePort() })

const running = new Set<ChildProcess>()
// Whatever becomes of the test, its servers end with it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A real redis-server of the test's own, with a folder of its own. */
export class RedisServer {
  readonly port: number
  /** Where it takes TLS, if it was given certificates. */
  readonly tlsPort: number
  readonly folder: string
  readonly #args: readonly string[]
  #certificates: Certificates | null
  readonly #file: readonly string[]
  #process: ChildProcess | null = null

  private constructor(
    ports: { readonly port: number; readonly tlsPort: number },
    folder: string,
    args: readonly string[],
    certificates: Certificates | null,
    file?: string,
  ) {
    this.#file = file === undefined ? [] : [file]
    this.port = ports.port
    this.tlsPort = ports.tlsPort
    this.folder = folder
    this.#args = args
    this.#certificates = certificates
  }

  /** @param args options of redis-server beside port and folder; without any, it keeps nothing on disk. */
  static async start(
    args: readonly string[] = ['--save', '', '--appendonly', 'no'],
    certificates: Certificates | null = null,
  ): Promise<RedisServer> {
    for (let tries = 1; ; tries++) {
      const folder = await mkdtemp(join(tmpdir(), 'rollcall-redis-'))
      const server = new RedisServer(await freePorts(), folder, args, certificates)
      try {
        await server.up()
        return server
      } catch (error) {
        await server.dispose()
        if (tries === MAX_PORTS) throw error
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A Sentinel that looks after one primary, by the name of `main`, and needs nobody's agreement. */
  static async sentinel(
    primary: RedisServer,
    certificates: Certificates | null = null,
  ): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-redis-'))
    const file = join(folder, 'sentinel.conf')
    await writeFile(
      file,
      [
        `sentinel monitor main 127.0.0.1 ${certificates ? primary.tlsPort : primary.port} 1`,
        'sentinel down-after-milliseconds main 300',
        'sentinel failover-timeout main 3000',
        '',
      ].join('\n'),
    )
    const server = new RedisServer(await freePorts(), folder, ['--sentinel'], certificates, file)
    await server.up()
    return server
  }

  /** The certificates with which it is started next. */
  setCertificates(certificates: Certificates): void {
    this.#certificates = certificates
  }

  /** Starts it, again on the same port with what its folder holds. */
  async up(): Promise<void> {
    const program = searchPath(['redis-server', 'valkey-server'])
    if (!program) throw new Error('redis-server is missing: sudo apt-get install -y redis-server')
    const child = spawn(
      program,
      [
        ...this.#file,
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.folder,
        ...this.#args,
        ...(this.#certificates ? ['--tls-port', String(this.tlsPort), ...this.#certificates.serverArgs] : []),
      ],
      { stdio: 'ignore' },
    )
    this.#process = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`)
      // With data to load it takes connections before it answers.
      if ((await this.command('PING').catch(() => '')) === '+PONG') return
      await pause(20)
    }
    throw new Error('redis-server did not answer.')
  }

  /** kill -9: nothing is written any more. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** The first line of the answer to a command, for the few that tests need of their own. */
  async command(...words: string[]): Promise<string> {
    const line = (await this.#ask(words)).split('\r\n', 1)[0] as string
    if (line.startsWith('-')) throw new Error(`${words.join(' ')}: ${line}`)
    return line
  }

  /** The answer to a command whose answer is one text. */
  async text(...words: string[]): Promise<string> {
    const answer = await this.#ask(words)
    return answer.slice(answer.indexOf('\r\n') + 2)
  }

  #ask(words: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.port, '127.0.0.1')
      let text = ''
      socket.setTimeout(5000, () => socket.destroy(new Error('no answer')))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('closed')))
      socket.on('data', (chunk) => {
        text += chunk
        const head = /^\$(\d+)\r\n/.exec(text)
        const isWhole = head ? text.length >= head[0].length + Number(head[1]) + 2 : text.endsWith('\r\n')
        if (!isWhole) return
        resolve(text)
        socket.destroy()
      })
      const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
      socket.write(`*${words.length}\r\n${bulk.join('')}`)
    })
  }
}

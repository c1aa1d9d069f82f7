import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from '../../../scripts/lib/free-port.mjs'
import { searchPath } from '../../../scripts/lib/search-path.mjs'
import { pass } from '../load/pace'
import { adopt, end } from '../run/children'

const START_TIMEOUT_MS = 10_000

export const findRedis = (): string | undefined => searchPath(['redis-server', 'valkey-server'])

/** A redis-server that keeps nothing on disk. */
export class RedisProcess {
  readonly port: number
  readonly pid: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.pid = child.pid as number
    this.port = port
  }

  static async start(): Promise<RedisProcess> {
    const program = findRedis()
    if (program === undefined) throw new Error('There is no redis-server.')
    const port = await freePort()
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn(program, flags, { stdio: 'ignore' })
    adopt(child)
    const redis = new RedisProcess(child, port)
    const giveUpAtMs = performance.now() + START_TIMEOUT_MS
    while (!(await redis.ask('PING').catch(() => '')).startsWith('+PONG')) {
      if (performance.now() > giveUpAtMs) throw new Error('redis-server does not answer.')
      await pass(20)
    }
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A number of `INFO`, such as `used_memory`; 0 where it is not there. */
  async info(section: string, field: RegExp): Promise<number> {
    return Number(field.exec(await this.ask(`INFO ${section}`))?.[1] ?? 0)
  }

  /** Forgets everything. */
  async flush(): Promise<void> {
    await this.ask('FLUSHALL')
  }

  end(): Promise<void> {
    return end(this.#child)
  }

  /** The whole answer to a command of plain words. */
  private async ask(command: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (text) => {
      answer += text
    })
    // QUIT has the server close once it has answered.
    socket.write(`${command}\r\nQUIT\r\n`)
    await once(socket, 'close')
    return answer
  }
}

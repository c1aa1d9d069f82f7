import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../../scripts/lib/free-port.mjs'
import type { Certificates } from './certificates'
import { RedisServer } from './redis-server'

const SLOTS = 16_384
const MASTERS = 3
/** Looks, 50 ms apart. */
const MAX_LOOKS = 400

/** A Cluster of three masters without replicas, of the test's own. */
export class RedisClusterServers {
  readonly servers: readonly RedisServer[]

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers
  }

  /** @param args options of each redis-server. */
  static async start(
    args: readonly string[] = ['--save', ''],
    certificates: Certificates | null = null,
  ): Promise<RedisClusterServers> {
    const servers: RedisServer[] = []
    const busPorts: number[] = []
    const cluster = new RedisClusterServers(servers)
    try {
      for (let i = 0; i < MASTERS; i++) {
        const busPort = await freePort()
        busPorts.push(busPort)
        const options = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)]
        // Without it the servers know of each other's plain ports only, and send clients there.
        if (certificates) options.push('--tls-cluster', 'yes')
        servers.push(
          await RedisServer.start([...options, ...args, '--cluster-node-timeout', '2000'], certificates),
        )
      }
      for (const [i, server] of servers.entries()) {
        const from = Math.floor((SLOTS * i) / MASTERS)
        const to = Math.floor((SLOTS * (i + 1)) / MASTERS) - 1
        await server.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
        // Only taken by one that knows no other yet.
        await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
      }
      const [first, ...others] = servers as [RedisServer, ...RedisServer[]]
      // The rest is gossip.
      for (const [i, other] of others.entries()) {
        const port = certificates ? other.tlsPort : other.port
        const where = ['127.0.0.1', String(port), String(busPorts[i + 1])]
        await first.command('CLUSTER', 'MEET', ...where)
      }
      for (const server of servers) await cluster.#settled(server)
      return cluster
    } catch (error) {
      await cluster.dispose()
      throw error
    }
  }

  get addresses(): { host: string; port: number }[] {
    return this.servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  get tlsAddresses(): { host: string; port: number }[] {
    return this.servers.map(({ tlsPort }) => ({ host: '127.0.0.1', port: tlsPort }))
  }

  async dispose(): Promise<void> {
    for (const server of this.servers) await server.dispose()
  }

  async #settled(server: RedisServer): Promise<void> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const info = await server.text('CLUSTER', 'INFO')
      if (/cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${MASTERS}`)) return
      await pause(50)
    }
    throw new Error('The cluster did not come together.')
  }
}

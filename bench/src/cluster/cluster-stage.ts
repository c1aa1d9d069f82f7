import { readCpuSeconds } from '../measure/cpu'
import { program } from '../run/programs'
import { SubjectProcess } from '../run/subject-process'
import { findRedis, RedisProcess } from './redis-process'

/** CPU seconds since each process began. */
export interface ClusterCpu {
  readonly redis: number
  /** Of all nodes together. */
  readonly nodes: number
}

/** Why there can be no cluster here. */
export const whyNoCluster = (): string | undefined =>
  findRedis() === undefined ? 'there is no redis-server on the PATH' : undefined

/** So many nodes over a Redis of their own, each in a process. */
export class ClusterStage {
  readonly redis: RedisProcess
  readonly nodes: readonly SubjectProcess[]

  private constructor(redis: RedisProcess, nodes: readonly SubjectProcess[]) {
    this.redis = redis
    this.nodes = nodes
  }

  /** Ends what it has started, whatever becomes of `act`. */
  static async with<T>(count: number, act: (stage: ClusterStage) => Promise<T>): Promise<T> {
    const redis = await RedisProcess.start()
    const nodes: SubjectProcess[] = []
    try {
      for (let i = 0; i < count; i++) {
        const command = [process.execPath, '--expose-gc', program('cluster-node'), redis.url, String(i)]
        nodes.push(await SubjectProcess.start('rollcall', command))
      }
      return await act(new ClusterStage(redis, nodes))
    } finally {
      await Promise.all(nodes.map((node) => node.end()))
      await redis.end()
    }
  }

  cpu(): ClusterCpu {
    return {
      redis: readCpuSeconds(this.redis.pid),
      nodes: this.nodes.reduce((sum, { pid }) => sum + readCpuSeconds(pid), 0),
    }
  }

  /** What `act` takes. */
  async cpuOf(act: () => Promise<unknown>): Promise<ClusterCpu> {
    const before = this.cpu()
    await act()
    const after = this.cpu()
    return { redis: after.redis - before.redis, nodes: after.nodes - before.nodes }
  }
}

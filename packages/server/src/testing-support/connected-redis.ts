import { systemClock } from '../io/clock'
import { systemRandom } from '../io/random'
import { RedisClient } from '../store/redis/redis-client'

/** A connected client of the Redis at the address. Close it after use. */
export async function connectedRedis(url: string): Promise<RedisClient> {
  const client = new RedisClient({
    connection: url,
    clock: systemClock,
    random: systemRandom,
    commandTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
  })
  await new Promise<void>((resolve, reject) => client.open({ onUp: resolve, onDown: reject }))
  return client
}

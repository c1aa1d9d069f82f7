// What every store has to do, done by Redis.

import { RedisStore } from '@rollcall/server'
import { storeConformance } from '@rollcall/server/store-conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { RedisClusterServers } from './support/redis-cluster'
import { RedisServer } from './support/redis-server'

describe('RedisStore conforms, with one redis-server', () => {
  let redis: RedisServer
  let systems = 0
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis.dispose())

  storeConformance({ describe, test }, async (count) => {
    const prefix = `conformance:${systems++}`
    const options = { connection: redis.url, prefix, leaseTtlMs: 1500 }
    return { nodes: Array.from({ length: count }, () => new RedisStore(options)) }
  })
})

describe('RedisStore conforms, with a Cluster of three', () => {
  let cluster: RedisClusterServers
  let systems = 0
  beforeAll(async () => {
    cluster = await RedisClusterServers.start()
  })
  afterAll(() => cluster.dispose())

  storeConformance({ describe, test }, async (count) => {
    const prefix = `conformance:${systems++}`
    const options = { connection: { cluster: cluster.addresses }, prefix, leaseTtlMs: 1500 }
    return { nodes: Array.from({ length: count }, () => new RedisStore(options)) }
  })
})

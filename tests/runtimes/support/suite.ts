import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { RedisServer } from '../../redis/support/redis-server'
import { clientChecks } from './client-checks'
import { frameChecks } from './frame-checks'
import { handshakeChecks } from './handshake-checks'
import { httpChecks } from './http-checks'
import { type Servers, startServers } from './servers'
import { sessionChecks } from './session-checks'

/**
 * Everything that is promised of a server in operation, on one runtime: each server is a process of that runtime, from
 * the packages as they are installed, and is driven from outside, over bare TCP.
 */
export function runtimeSuite(runtime: string): void {
  describe(runtime, () => {
    let servers: Servers
    let redis: RedisServer
    const given = () => ({ ...servers, runtime, redis, application: inject('application') })

    beforeAll(async () => {
      redis = await RedisServer.start()
      servers = await startServers(runtime, inject('application'), redis.url)
    }, 180_000)

    afterAll(async () => {
      await Promise.all(Object.values(servers ?? {}).map((server) => server.kill()))
      await redis?.dispose()
    })

    httpChecks(given)
    handshakeChecks(given)
    frameChecks(given)
    sessionChecks(given)
    clientChecks(given)

    test('each server closes when it is told to, and has had nothing to complain of', async () => {
      for (const [name, server] of Object.entries(servers)) {
        expect([name, server.isRunning, server.complaints]).toEqual([name, true, []])
      }
      const codes = await Promise.all(Object.values(servers).map((server) => server.close()))
      expect(codes).toEqual(codes.map(() => 0))
    })
  })
}

// TLS to Redis, with an authority and a client certificate of one's own; and a Redis whose certificate is not trusted.

import type { RedisConnection } from '@rollcall/server'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Command } from '../real/support/command'
import { rollcall } from '../real/support/speakers'
import { Certificates } from './support/certificates'
import { converge, Member, soon } from './support/member'
import { RedisClusterServers } from './support/redis-cluster'
import { RedisServer } from './support/redis-server'

const SLOW_MS = 20_000

let ours: Certificates
let others: Certificates
beforeAll(() => {
  ours = new Certificates()
  others = new Certificates()
})
afterAll(() => {
  ours.dispose()
  others.dispose()
})

async function alone(): Promise<RedisServer> {
  const redis = await RedisServer.start(undefined, ours)
  onTestFinished(() => redis.dispose())
  return redis
}

async function behindSentinel(): Promise<RedisServer> {
  const redis = await alone()
  const sentinel = await RedisServer.sentinel(redis, ours)
  onTestFinished(() => sentinel.dispose())
  return sentinel
}

async function cluster(): Promise<RedisClusterServers> {
  const servers = await RedisClusterServers.start(undefined, ours)
  onTestFinished(() => servers.dispose())
  return servers
}

/** Where a Redis is, to be reached with these TLS options. */
type Way = (tls: Certificates['options']) => RedisConnection

const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  'a server that stands alone': async () => {
    const { tlsPort } = await alone()
    return (tls) => ({ url: `rediss://127.0.0.1:${tlsPort}`, tls })
  },
  'a primary that Sentinel finds': async () => {
    const { tlsPort } = await behindSentinel()
    const sentinels = [{ host: '127.0.0.1', port: tlsPort }]
    return (tls) => ({ sentinels, name: 'main', tls, sentinelTls: tls })
  },
  'a Cluster': async () => {
    const { tlsAddresses } = await cluster()
    return (tls) => ({ cluster: tlsAddresses, tls })
  },
}

/** Errors that nobody caught, from now on. */
function uncaught(): readonly unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown) => void errors.push(error)
  process.on('uncaughtExceptionMonitor', note)
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', note))
  return errors
}

describe('[S-55] TLS with an authority and a client certificate of its own', () => {
  test.each(Object.entries(WAYS))(
    '%s',
    async (_name, start) => {
      const connection = (await start())(ours.options)
      const members = [await Member.start('a', { connection }), await Member.start('b', { connection })]
      for (const member of members) await member.join()
      await converge(members)
    },
    60_000,
  )
})

test('[S-55] rollcall serve reaches it with the flags for TLS, and by its name in the certificate', async () => {
  const redis = await alone()
  const flags = [
    ...['--redis', `rediss://127.0.0.1:${redis.tlsPort}`, '--redis-servername', 'redis.example'],
    ...['--redis-ca', ours.file('ca.crt'), '--redis-cert', ours.file('one.crt')],
  ]
  const command = new Command(['serve', '--port', '0', ...flags], { REDIS_KEY: ours.file('one.key') })
  const url = `http://127.0.0.1:${await command.port()}/readyz`
  await soon(async () => expect((await fetch(url)).status).toBe(200), SLOW_MS)
  const speaker = await rollcall.speak(await command.port(), 'ada')
  expect((await speaker.ask('room:lobby', 'phx_join', { meta: {} })).status).toBe('ok')
}, 60_000)

describe('[S-55] a certificate that is not trusted ends nothing but the try', () => {
  test.each(Object.entries(WAYS))(
    '%s',
    async (_name, start) => {
      const errors = uncaught()
      const { cert, key } = others.options
      const connection = (await start())({ ca: others.options.ca, cert, key })
      const reasons: string[] = []
      const warn = ({ reason }: { reason?: string }) => void reasons.push(String(reason))
      const logger = { debug() {}, info() {}, warn, error() {} }
      const opening = Member.start('a', { connection, logger })
      await expect(opening).rejects.toMatchObject({ code: 'store_unavailable' })
      // Several tries, each with an answer of the peer to our hanging up.
      await new Promise((resolve) => setTimeout(resolve, 3000))
      expect(reasons.length).toBeGreaterThan(0)
      expect(errors).toEqual([])
    },
    60_000,
  )
})

test('[S-55] a Redis that comes back with an untrusted certificate, and then with the right one', async () => {
  const errors = uncaught()
  const redis = await alone()
  const connection = { url: `rediss://127.0.0.1:${redis.tlsPort}`, tls: ours.options }
  const member = await Member.start('a', { connection })
  await member.join()
  await redis.kill()
  redis.setCertificates(others)
  await redis.up()
  await soon(() => expect(member.reachable.at(-1)).toBe(false), SLOW_MS)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  expect(member.reachable.at(-1)).toBe(false)
  await redis.kill()
  redis.setCertificates(ours)
  await redis.up()
  await soon(() => expect(member.reachable.at(-1)).toBe(true), SLOW_MS)
  await converge([member])
  expect(errors).toEqual([])
}, 60_000)

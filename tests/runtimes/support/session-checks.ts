import { describe, expect, test } from 'vitest'
import { type Given, GRACE_MS, HEARTBEAT } from './servers'
import { PATIENCE_MS, someone, somewhere, Talker } from './talk'

/** Milliseconds for both servers to find their Redis again, on a machine that is busy with other things. */
const RETURN_MS = 45_000
/** The same, with two handshakes, two joins and a Redis that starts. */
const RETURN_TEST_MS = 120_000

export function sessionChecks(given: Given): void {
  const talker = (options = {}) => Talker.open(given().open.port, options)

  describe('presence', () => {
    test('is told when somebody comes, changes, and leaves', async () => {
      const [topic, name, ada, bob] = [somewhere(), someone(), await talker(), await talker()]
      const cleo = await talker({ user: name })
      await ada.join(topic)
      const arrives = ada.arrivalOf(topic, name)
      expect(await cleo.join(topic, { status: 'online' })).toContain(name)
      const ref = await arrives
      const updated = ada.event(topic, 'presence_diff', ({ updates }) => updates.length > 0)
      await cleo.ask(topic, 'presence_update', { meta: { status: 'away' } })
      expect((await updated).updates[0]).toMatchObject({ ref, meta: { status: 'away' } })
      const leaves = ada.leaveOf(topic, ref)
      await cleo.ask(topic, 'phx_leave')
      expect(await leaves).toBe('left')
      for (const { peer } of [ada, bob, cleo]) peer.destroy()
    })

    test('outlives a lost connection for the grace, and then ends', async () => {
      const [topic, name, ada] = [somewhere(), someone(), await talker()]
      await ada.join(topic)
      const arrives = ada.arrivalOf(topic, name)
      const first = await talker({ user: name })
      const { token } = (await first.ask('rollcall', 'hello', { instance: name })).response
      await first.join(topic)
      const ref = await arrives
      let hasLeft = false
      const leaves = ada.leaveOf(topic, ref).finally(() => {
        hasLeft = true
      })
      first.peer.socket.resetAndDestroy()
      const second = await talker({ user: name })
      expect((await second.ask('rollcall', 'hello', { instance: name, token })).response.resumed).toBe(true)
      await second.join(topic)
      expect(await ada.peer.settled(PATIENCE_MS)).toBe(true)
      expect(hasLeft).toBe(false)

      const startedMs = performance.now()
      second.peer.socket.resetAndDestroy()
      await leaves
      const tookMs = performance.now() - startedMs
      expect(tookMs).toBeGreaterThan(GRACE_MS / 2)
      expect(tookMs).toBeLessThan(GRACE_MS + 3000)
      ada.peer.destroy()
    })

    test('of a peer that neither answers nor closes ends within the published time', async () => {
      const { port } = given().one
      const [topic, name, ada] = [somewhere(), someone(), await Talker.open(port)]
      await ada.join(topic)
      const arrives = ada.arrivalOf(topic, name)
      const silent = await Talker.open(port, { user: name })
      await silent.join(topic)
      const ref = await arrives
      const leaves = ada.leaveOf(topic, ref)
      // It answers no ping any more.
      silent.peer.socket.pause()
      const startedMs = performance.now()
      await leaves
      const { pingIntervalMs, pongTimeoutMs } = HEARTBEAT
      expect(performance.now() - startedMs).toBeLessThan(pingIntervalMs + pongTimeoutMs + 3000)
      for (const { peer } of [ada, silent]) peer.destroy()
    })
  })

  describe('two servers over one Redis', () => {
    test('are one: presences and events of either are those of the other', async () => {
      const [topic, name] = [somewhere(), someone()]
      const here = await Talker.open(given().one.port)
      await here.join(topic)
      const arrives = here.arrivalOf(topic, name)
      const there = await Talker.open(given().other.port, { user: name })
      expect(await there.join(topic)).toHaveLength(2)
      const ref = await arrives
      const heard = here.event(topic, 'said')
      expect((await there.ask(topic, 'said', { body: 'ü' })).status).toBe('ok')
      expect(await heard).toEqual({ body: 'ü' })
      const leaves = here.leaveOf(topic, ref)
      await there.ask(topic, 'phx_leave')
      expect(await leaves).toBe('left')
      for (const { peer } of [here, there]) peer.destroy()
    })

    test(
      'find each other again when Redis was away, and what was there meanwhile is told',
      async () => {
        const [topic, name, { redis, one, other }] = [somewhere(), someone(), given()]
        const here = await Talker.open(one.port)
        await here.join(topic)
        await redis.kill()
        await redis.up()
        const there = await Talker.open(other.port, { user: name })
        const seen = here.sees(topic, name, RETURN_MS)
        await there.joinOnceServed(topic, RETURN_MS)
        await seen
        for (const { peer } of [here, there]) peer.destroy()
      },
      RETURN_TEST_MS,
    )
  })
}

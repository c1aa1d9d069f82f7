import assert from 'node:assert/strict'
import type { StoredSession } from '../store/store'
import { eventually } from './eventually'
import type { ConformanceRunner, DefineTest } from './store-feed'

/** Tests the sessions of a store, which any node can resume. */
export function sessionConformance(
  { describe }: Pick<ConformanceRunner, 'describe'>,
  test: DefineTest,
): void {
  describe('sessions', () => {
    test('[S-25] are read on any node, letter for letter', 2, async (one, other) => {
      for (const saved of [
        session('s1'),
        session('s2', { instance: null, previous: null, isGuest: true }),
        session('__proto__', { identityId: 'a:b{c}*? \n"\\👩‍👧', instance: '', dialect: 'rollcall.v1' }),
      ]) {
        await one.sessions.save(saved)
        assert.deepEqual((await other.sessions.read(saved.id))?.session, saved)
      }
      assert.equal(await other.sessions.read('s3'), null)
    })

    test('[S-25] have another version with every save', 1, async (store) => {
      await store.sessions.save(session('s'))
      const first = await store.sessions.read('s')
      await store.sessions.save(session('s', { current: 'newer', previous: 'c' }))
      const second = await store.sessions.read('s')
      assert.equal(second?.session.current, 'newer')
      assert.notEqual(second?.version, first?.version)
    })

    test(
      '[S-25] are claimed by another node, and the previous node is notified once',
      2,
      async (one, other) => {
        await one.sessions.save(session('s'))
        await one.sessions.save(session('mine'))
        const { version } = (await other.sessions.read('s')) ?? { version: -1 }
        assert.equal(await other.sessions.claim(session('s', { current: 'newer' }), version), true)
        await eventually(() => assert.deepEqual(one.events.claimedSessions, ['s']))
        assert.equal((await one.sessions.read('s'))?.session.current, 'newer')
        // A second event for the same session would arrive before this one.
        await other.sessions.save(session('s', { current: 'newest' }))
        const mine = await other.sessions.read('mine')
        assert.equal(await other.sessions.claim(session('mine'), mine?.version ?? -1), true)
        await eventually(() => assert.deepEqual(one.events.claimedSessions, ['s', 'mine']))
        assert.deepEqual(other.events.claimedSessions, [])
      },
    )

    test('[S-25] written since they were read are not claimed', 2, async (one, other) => {
      await one.sessions.save(session('s'))
      const { version } = (await other.sessions.read('s')) ?? { version: -1 }
      await one.sessions.save(session('s', { current: 'newer' }))
      assert.equal(await other.sessions.claim(session('s', { current: 'mine' }), version), false)
      assert.equal((await other.sessions.read('s'))?.session.current, 'newer')
      assert.equal(await other.sessions.claim(session('nobody'), version), false)
      assert.deepEqual(one.events.claimedSessions, [])
    })

    test('[S-25] claimed by several at once are one node’s', 4, async (one, ...others) => {
      await one.sessions.save(session('s'))
      const { version } = (await one.sessions.read('s')) ?? { version: -1 }
      const claims = await Promise.all(
        others.map(({ sessions }, i) => sessions.claim(session('s', { current: `of ${i}` }), version)),
      )
      assert.equal(claims.filter((isClaimed) => isClaimed).length, 1)
      assert.equal((await one.sessions.read('s'))?.session.current, `of ${claims.indexOf(true)}`)
      await eventually(() => assert.deepEqual(one.events.claimedSessions, ['s']))
    })

    test('[S-25] claimed by the node that holds them notify no node', 1, async (store) => {
      await store.sessions.save(session('s'))
      const { version } = (await store.sessions.read('s')) ?? { version: -1 }
      assert.equal(await store.sessions.claim(session('s'), version), true)
      await store.sessions.save(session('s', { current: 'newer' }))
      assert.equal((await store.sessions.read('s'))?.session.current, 'newer')
      assert.deepEqual(store.events.claimedSessions, [])
    })

    test('[S-25] can no longer be changed by the previous node', 2, async (one, other) => {
      await one.sessions.save(session('s'))
      const { version } = (await other.sessions.read('s')) ?? { version: -1 }
      await other.sessions.claim(session('s', { current: 'newer' }), version)
      await one.sessions.save(session('s', { current: 'late' }))
      await one.sessions.forget('s')
      assert.equal((await one.sessions.read('s'))?.session.current, 'newer')
      await other.sessions.forget('s')
      assert.equal(await one.sessions.read('s'), null)
    })

    test('[S-24] of a node that hands off can be claimed', 2, async (one, other) => {
      await one.sessions.save(session('s'))
      await one.handOff(1000)
      const { version } = (await other.sessions.read('s')) ?? { version: -1 }
      assert.equal(await other.sessions.claim(session('s', { current: 'newer' }), version), true)
    })
  })
}

function session(id: string, changes: Partial<StoredSession> = {}): StoredSession {
  return {
    id,
    identityId: 'ada',
    isGuest: false,
    dialect: 'rollcall',
    instance: 'i1',
    current: 'hash of one',
    previous: 'hash of another',
    ...changes,
  }
}
